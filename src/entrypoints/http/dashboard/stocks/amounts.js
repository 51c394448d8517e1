/** In the viewer's language, with the digits in which codes and inputs are written. */
const amounts = new Intl.NumberFormat(undefined, { numberingSystem: 'latn' });
const POINT = amounts.formatToParts(0.5).find(({ type }) => type === 'decimal')?.value ?? '.';
const currencyNames = new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' });

/** @type {Readonly<Record<string, string>>} */
const MINOR_UNIT_NAMES = {
  GBX: 'Pence, 100 to 1 GBP',
  ZAC: 'South African cents, 100 to 1 ZAR',
  ILA: 'Agorot, 100 to 1 ILS',
};

/**
 * A decimal string with its digits in groups. It is never a number in between, which would lose some.
 *
 * @param {string} decimal
 */
export function formatAmount(decimal) {
  const [whole = '', fraction] = decimal.split('.');
  const grouped = amounts.format(BigInt(whole));
  return fraction === undefined ? grouped : grouped + POINT + fraction;
}

/** @param {string} decimal */
export const isZero = (decimal) => /^[0.]+$/.test(decimal);

/**
 * What a currency or minor unit is called; empty if it has no name.
 *
 * @param {string} code
 */
export const nameOf = (code) => MINOR_UNIT_NAMES[code] ?? currencyNames.of(code) ?? '';
