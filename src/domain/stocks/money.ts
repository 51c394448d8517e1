import Big, { type BigConstructor } from 'big.js';
import { minorDigits } from './currencies.ts';

/**
 * How an amount is brought to its currency's digits. Half-up takes a tie to the greater amount, as the EU's rules for
 * the euro do (Regulation 1103/97, article 5); half-even takes it to the even digit, so that ties balance out.
 */
export type Rounding = 'half-up' | 'half-even';

/** Decimals whose products are exact and whose quotients are rounded once, to that many digits. */
function decimals(digits: number, mode: Big.RoundingMode): BigConstructor {
  const Decimal = Big();
  Decimal.strict = true;
  Decimal.DP = digits;
  Decimal.RM = mode;
  return Decimal;
}

/** The most digits to which amounts are rounded. */
const MAX_DIGITS = 8;
const DIGITS = Array.from({ length: MAX_DIGITS + 1 }, (_, digits) => digits);

/** By their digits. Made once, since making one takes longer than a conversion. */
const AMOUNTS: Readonly<Record<Rounding, readonly BigConstructor[]>> = {
  'half-up': DIGITS.map((digits) => decimals(digits, Big.roundHalfUp)),
  'half-even': DIGITS.map((digits) => decimals(digits, Big.roundHalfEven)),
};

/** An amount in decimals that round to that many digits. */
const amountWith = (digits: number, amount: string, rounding: Rounding): Big =>
  new (AMOUNTS[rounding][digits] as BigConstructor)(amount);

/**
 * The amount with its currency's digits: 97.125 EUR is 97.13 half-up, 97.12 half-even.
 *
 * @param digits 0–8, in place of its currency's
 */
export const roundAmount = (
  amount: string,
  currency: string,
  rounding: Rounding,
  digits = minorDigits(currency),
): string => amountWith(digits, amount, rounding).toFixed(digits);

/**
 * `amount × to ÷ from`, rounded once. Going through the table's base this way loses nothing; a cross or an inverse rate
 * that is rounded before it is applied does.
 *
 * @param from price of one unit of the base in the amount's currency, a decimal string above 0
 * @param to price of one unit of the base in `currency`
 * @param digits 0–8, in place of those of `currency`
 * @returns the amount in `currency`, with its digits
 */
export const convert = (
  amount: string,
  from: string,
  to: string,
  currency: string,
  rounding: Rounding,
  digits = minorDigits(currency),
): string => amountWith(digits, amount, rounding).times(to).div(from).toFixed(digits);

const CROSS_RATE_DIGITS = 10;
/** Rates lie between 10^-15 and 10^15, so that a quotient begins within 30 places; cut off after 60, not rounded. */
const Quotient = decimals(60, Big.roundDown);

/** What one unit of the currency priced `from` costs in the one priced `to`: 10 significant digits, half-up, for show. */
export function crossRate(from: string, to: string): string {
  // Cutting off first cannot turn a tie or what is beyond it into less than a tie, so the result is rounded once.
  const rate = new Quotient(to).div(from).prec(CROSS_RATE_DIGITS, Big.roundHalfUp);
  return rate.toFixed(Math.max(0, CROSS_RATE_DIGITS - 1 - rate.e));
}

/** A price of one unit of a currency, in minor units of which `perUnit` make one: digit for digit if that is 1. */
export const priceInParts = (price: string, perUnit: '1' | '100'): string =>
  perUnit === '1' ? price : new Quotient(price).times(perUnit).toFixed();

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const MAX_LITERAL_LENGTH = 40;
/** All currencies in use lie within a factor of 10^9 of each other; what is beyond this is a mistake of the source. */
const RATE_LIMITS = ['0.000000000000001', '1000000000000000'] as const;

/**
 * A rate as a source wrote it, a JSON number, in plain decimal digits: exponents are written out, everything else stays.
 *
 * @returns undefined for what cannot be a rate: zero, negative, not a number, absurdly small or large
 */
export function readRate(literal: string): string | undefined {
  if (literal.length > MAX_LITERAL_LENGTH || !JSON_NUMBER.test(literal)) return undefined;
  const rate = new Quotient(literal);
  const [lowest, highest] = RATE_LIMITS;
  if (rate.lt(lowest) || rate.gt(highest)) return undefined;
  return /[eE]/.test(literal) ? rate.toFixed() : literal;
}
