/**
 * Size of an item in bytes, by the rules that DynamoDB documents for its charges and limits: names and text in UTF-8; a
 * number one byte for every two digits and one more (signs and the zeros at its ends aside); a list or map three bytes,
 * and one for each element.
 */
export const itemSize = (item: Readonly<Record<string, unknown>>): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + (value === undefined ? 0 : bytes(name) + sizeOf(value)), 0);

const bytes = (text: string): number => Buffer.byteLength(text);

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return bytes(value);
  if (typeof value === 'number') return sizeOfNumber(value);
  if (typeof value === 'boolean' || value === null) return 1;
  if (Array.isArray(value)) return value.reduce((sum, element) => sum + 1 + sizeOf(element), 3);
  if (typeof value === 'object') return 3 + Object.keys(value).length + itemSize(value as Record<string, unknown>);
  throw new Error(`No size is known for a ${typeof value}`);
}

function sizeOfNumber(value: number): number {
  const digits = String(Math.abs(value))
    .replace('.', '')
    .replace(/^0+|0+$/g, '');
  return Math.ceil(digits.length / 2) + (value < 0 ? 2 : 1);
}
