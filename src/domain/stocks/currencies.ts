import { invalidRequest } from '../shared/domain-error.ts';

/** What the table below is and how old it is. */
export const CURRENCY_TABLE = {
  standard: 'ISO 4217',
  /** The last amendment that the table contains, and the day from which it applies. */
  amendment: 180,
  asOf: '2026-01-01',
  source:
    'List One of SIX, the maintenance agency, as published on 2024-06-25, with the amendments since: XCG for ANG (176), ' +
    'CUC withdrawn, XAD added (179), BGN withdrawn (180). The 165 codes and their digits agree with the counts of the ' +
    'list of 2026-09-17.',
} as const;

/**
 * Every current code that has a minor unit, by the number of its decimal digits. The 13 without one (precious metals,
 * bond market units, XDR, XSU, XUA, XTS, XXX) are missing on purpose: no amount of them can be rounded.
 * The digits are ISO's; those of CLDR differ for some thirty codes, since they say how people write prices.
 */
const CODES_BY_DIGITS = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE ' +
      'CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD ' +
      'HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK ' +
      'MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD ' +
      'RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH ' +
      'USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG',
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
] as const;

/**
 * Codes of List Three that were withdrawn since 2001, by their digits, so that what is stored in them stays readable.
 * The list itself has no digits: these are OpenJDK's.
 */
const WITHDRAWN_BY_DIGITS = [
  [0, 'ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE ROL TPE TRL'],
  [
    2,
    'AFA ANG ATS AZM BGL BGN CSD CUC CYP DEM EEK FIM FRF GHC HRK IEP LTL LVL MRO MTL MZM NLG RUR SDD SIT SKK ' +
      'SLL SRG STD TMM USS VEB VEF YUM ZMK ZWD ZWL ZWN ZWR',
  ],
] as const;

/** Hundredths of currencies in which exchanges quote prices: pence, South African cents, agorot. */
const MINOR_UNITS: ReadonlyMap<string, string> = new Map([
  ['GBX', 'GBP'],
  ['ZAC', 'ZAR'],
  ['ILA', 'ILS'],
]);
const MINOR_UNIT_DIGITS = 2;

/** Other ways in which feeds of prices write them. */
const OTHER_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['GBp', 'GBX'],
  ['ZAc', 'ZAC'],
  ['ZAX', 'ZAC'],
]);

type CodesByDigits = readonly (readonly [digits: number, codes: string])[];
const digitsByCode = (table: CodesByDigits): ReadonlyMap<string, number> =>
  new Map(table.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)));

const CURRENT = digitsByCode(CODES_BY_DIGITS);
const WITHDRAWN = digitsByCode(WITHDRAWN_BY_DIGITS);

/** All current codes of ISO 4217 that have a minor unit, in no particular order. */
export const currencyCodes: readonly string[] = [...CURRENT.keys()];

/** Whether it is one of `currencyCodes`. */
export const isCurrency = (code: string): boolean => CURRENT.has(code);

/** Whether prices may be asked for and put in it: a current currency, or `GBX`, `ZAC` or `ILA`. */
export const isPriceUnit = (code: string): boolean => CURRENT.has(code) || MINOR_UNITS.has(code);

/** All that `isPriceUnit` holds for, by name. */
export const priceUnits: readonly string[] = [...CURRENT.keys(), ...MINOR_UNITS.keys()].sort();

/** Whether it is a code that ISO 4217 had and has no more. Only stocks that were stored before are in it. */
export const isWithdrawn = (code: string): boolean => WITHDRAWN.has(code);

/** How many decimal digits an amount of that code has: JPY 0, EUR 2, KWD 3, CLF 4; GBX 2; of the withdrawn BYR 0. */
export function minorDigits(code: string): number {
  const digits = CURRENT.get(code) ?? WITHDRAWN.get(code) ?? (MINOR_UNITS.has(code) ? MINOR_UNIT_DIGITS : undefined);
  if (digits === undefined) throw new TypeError(`${code} has no minor unit`);
  return digits;
}

/** The currency to which a code belongs, and how many of it make one of that currency: GBX is GBP, 100. */
export function currencyOf(code: string): { readonly currency: string; readonly perUnit: '1' | '100' } {
  const currency = MINOR_UNITS.get(code);
  return currency === undefined ? { currency: code, perUnit: '1' } : { currency, perUnit: '100' };
}

/**
 * The currency or minor unit that a caller names, in upper or in lower case. A mixture is refused, since feeds mean
 * something by it (`GBp` is a hundredth of `GBP`), but for those of which it is known what they mean.
 *
 * @param path where the caller named it, for the error
 * @returns a code for which `isPriceUnit` holds
 * @throws DomainError `INVALID_REQUEST` unless it is a current ISO 4217 code with a minor unit, or a minor unit
 */
export function parseCurrency(text: string, path: string): string {
  // Only plain letters: some others become plain ones in upper case.
  const named = /^[a-z]{3}$/.test(text) ? text.toUpperCase() : text;
  const code = OTHER_SPELLINGS.get(named) ?? named;
  if (isPriceUnit(code)) return code;
  throw invalidRequest({ path, message: complaintAbout(named) });
}

function complaintAbout(code: string): string {
  if (isWithdrawn(code)) return `must be a current ISO 4217 currency; ${code} has been withdrawn`;
  if (/^[A-Za-z]{3}$/.test(code) && !/^[A-Z]{3}$/.test(code))
    return (
      'must be all in upper case or all in lower case, such as GBP or gbp. ' +
      'Prices in pence are in GBX (or GBp), those in South African cents in ZAC, those in agorot in ILA'
    );
  return 'must be a current ISO 4217 currency that has a minor unit, such as EUR; or GBX, ZAC or ILA';
}
