const DECIMAL = /^(-?)(\d{1,400})(?:\.(\d{1,400}))?(?:e([+-]?\d{1,3}))?$/i;

interface Decimal {
  readonly digits: bigint;
  /** How many of the digits stand behind the point. */
  readonly scale: number;
}

/** @returns undefined for what is no number, in JSON or in text */
function decimalIn(value: unknown): Decimal | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = DECIMAL.exec(String(value)) ?? [];
  if (whole === undefined) return undefined;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

export const isDecimal = (value: unknown): boolean => decimalIn(value) !== undefined;

/**
 * Compares numbers exactly, `0.1` as much as a number of 30 digits.
 *
 * @returns below 0, 0 or above 0; undefined where one of them is no number
 */
export function compareDecimals(one: unknown, other: unknown): number | undefined {
  const [left, right] = [decimalIn(one), decimalIn(other)];
  if (!left || !right) return undefined;
  const scale = Math.max(left.scale, right.scale);
  const [a, b] = [left, right].map((value) => value.digits * 10n ** BigInt(scale - value.scale)) as [bigint, bigint];
  return a < b ? -1 : a > b ? 1 : 0;
}
