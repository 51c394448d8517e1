import { payloadTooLarge, resultTooLarge } from './errors.ts';
import { MAX_JSON_BYTES } from './task.ts';

/**
 * The JSON text of a payload; of none, that of null.
 *
 * @throws DomainError `TASKS_PAYLOAD_TOO_LARGE`
 */
export function payloadText(payload: unknown): string {
  const text = JSON.stringify(payload) ?? 'null';
  if (isLongerThan(MAX_JSON_BYTES, text)) throw payloadTooLarge();
  return text;
}

/**
 * The JSON text of a result; undefined for none.
 *
 * @throws DomainError `TASKS_RESULT_TOO_LARGE`
 */
export function resultText(result: unknown): string | undefined {
  const text = JSON.stringify(result) as string | undefined;
  if (text !== undefined && isLongerThan(MAX_JSON_BYTES, text)) throw resultTooLarge();
  return text;
}

/** The text of a JSON value with the keys of every object sorted: the same for values that say the same. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** Whether a text takes more bytes in UTF-8 than `limit`. */
export function isLongerThan(limit: number, text: string): boolean {
  if (text.length > limit) return true;
  if (text.length * 3 <= limit) return false;
  let bytes = 0;
  for (const character of text) bytes += utf8Bytes(character.codePointAt(0) as number);
  return bytes > limit;
}

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
