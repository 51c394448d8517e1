import { BigNumber } from 'bignumber.js';
import { currencyCodes, minorDigits } from '../../src/domain/stocks/currencies.ts';
import { convert, type Rounding } from '../../src/domain/stocks/money.ts';
import type { Random } from '../../src/ports/system.ts';
import { seededRandom } from './fakes.ts';

const MODES: Readonly<Record<Rounding, BigNumber.RoundingMode>> = {
  'half-up': BigNumber.ROUND_HALF_UP,
  'half-even': BigNumber.ROUND_HALF_EVEN,
};

const amounts = new Map<string, typeof BigNumber>();

function amountsOf(digits: number, rounding: Rounding): typeof BigNumber {
  const key = `${digits} ${rounding}`;
  const known = amounts.get(key);
  if (known) return known;
  const made = BigNumber.clone({ DECIMAL_PLACES: digits, ROUNDING_MODE: MODES[rounding] });
  amounts.set(key, made);
  return made;
}

/** The conversion as another library does it: exact product, one quotient rounded to the currency's digits. */
function convertOtherwise(amount: string, from: string, to: string, currency: string, rounding: Rounding) {
  const digits = minorDigits(currency);
  return new (amountsOf(digits, rounding))(amount).times(to).div(from).toFixed(digits);
}

interface Case {
  readonly amount: string;
  readonly from: string;
  readonly to: string;
  readonly currency: string;
  readonly rounding: Rounding;
}

const AMOUNT_LIMITS = ['0', '0.00', '0.00000001', '0.005', '1', '999999999999999999', '999999999999999999.99999999'];
const RATE_LIMITS = ['0.000000000001', '0.000001', '1', '1.000000000001', '999999.999999999999', '1000000000000'];

/** Cases over all currencies: amounts and rates of any length, amounts and rates at the limits, and exact ties. */
export function* conversionCases(count: number, seed: number): Generator<Case> {
  const random = seededRandom(seed);
  for (let index = 0; index < count; index++) {
    const currency = currencyCodes[index % currencyCodes.length] as string;
    const rounding = random.next() < 0.5 ? 'half-up' : 'half-even';
    const [amount, from, to] = index % 5 === 0 ? tie(random, minorDigits(currency)) : ordinary(random);
    yield { amount, from, to, currency, rounding };
  }
}

function ordinary(random: Random): [amount: string, from: string, to: string] {
  const rate = (): string =>
    random.next() < 0.1 ? pick(random, RATE_LIMITS) : decimal(random, 1 + below(random, 6), 12, '1');
  const amount = random.next() < 0.1 ? pick(random, AMOUNT_LIMITS) : decimal(random, 1 + below(random, 18), 8, '');
  return [amount, random.next() < 0.4 ? '1' : rate(), rate()];
}

/** The exact result lies halfway between two amounts of the currency: k + ½ units, scaled by rates that cancel out. */
function tie(random: Random, digits: number): [amount: string, from: string, to: string] {
  const units = new BigNumber(below(random, 1e9)).plus(0.5).shiftedBy(-digits);
  const [factor, divisor] = pick(random, [
    ['1', '1'],
    ['2', '1'],
    ['0.5', '1'],
    ['1.25', '1'],
    ['1', '8'],
    ['0.000000000001', '0.000000000002'],
    ['3.7', '7.4'],
  ] as const);
  // Powers of two and five apart, amount = result × from ÷ to stays a finite decimal.
  const amount = units.times(divisor).div(factor);
  return [amount.toFixed(), divisor, factor];
}

const below = (random: Random, limit: number): number => Math.floor(random.next() * limit);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)] as T;
const digitsOf = (random: Random, count: number): string =>
  Array.from({ length: count }, () => below(random, 10)).join('');

/** @param lastDigit keeps a number from being zero, if given */
function decimal(random: Random, integerDigits: number, maxPlaces: number, lastDigit: string): string {
  const places = below(random, maxPlaces + 1);
  const integer = digitsOf(random, integerDigits).replace(/^0+(?=\d)/, '');
  const fraction = places === 0 ? '' : `.${digitsOf(random, places - 1)}${lastDigit || below(random, 10)}`;
  return fraction === '' && lastDigit && integer === '0' ? lastDigit : integer + fraction;
}

/** @returns the conversions in which the two libraries differ, as sentences */
export function conversionMismatches(count: number, seed: number): string[] {
  const mismatches: string[] = [];
  for (const { amount, from, to, currency, rounding } of conversionCases(count, seed)) {
    const [ours, theirs] = [convert, convertOtherwise].map((by) => by(amount, from, to, currency, rounding));
    if (ours !== theirs)
      mismatches.push(`${amount} × ${to} ÷ ${from} in ${currency} ${rounding}: ${ours}, not ${theirs}`);
  }
  return mismatches;
}
