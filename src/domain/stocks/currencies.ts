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

const DIGITS: ReadonlyMap<string, number> = new Map(
  CODES_BY_DIGITS.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)),
);

/** All codes, in no particular order. */
export const currencyCodes: readonly string[] = [...DIGITS.keys()];

export const isCurrency = (code: string): boolean => DIGITS.has(code);

/** How many decimal digits an amount of that currency has: JPY 0, EUR 2, KWD 3, CLF 4. */
export function minorDigits(currency: string): number {
  const digits = DIGITS.get(currency);
  if (digits === undefined) throw new TypeError(`${currency} has no minor unit`);
  return digits;
}

/**
 * The currency that a caller names; lower case is taken.
 *
 * @param path where the caller named it, for the error
 * @throws DomainError `INVALID_REQUEST` unless it is a current ISO 4217 code with a minor unit
 */
export function parseCurrency(text: string, path: string): string {
  const code = text.toUpperCase();
  // Only plain letters: some others become plain ones in upper case.
  if (/^[A-Za-z]{3}$/.test(text) && isCurrency(code)) return code;
  throw invalidRequest({ path, message: 'must be a current ISO 4217 currency that has a minor unit, such as EUR' });
}
