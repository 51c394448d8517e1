/** JSON that is nested deeper is nothing that is meant as data. */
export const MAX_DEPTH = 200;

export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}

/** A number in JSON text that is another one when it is read. */
export interface LossyNumber {
  /** Where it stands: `payload.items[2]`; empty for a text that is nothing else. */
  readonly path: string;
  /** As it is written. */
  readonly literal: string;
}

/** It takes 16 digits, or an exponent of 3, to be changed. Few texts have either, and only those are looked through. */
const MAY_BE_CHANGED = /[\d.]{16}|[eE][+-]?\d{3}/;
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[[\]{},]/g;
const MAX_NAME_LENGTH = 64;

/**
 * The first number that is lost by `JSON.parse`: of whole numbers, 9007199254740993 becomes 9007199254740992, and 1e400
 * has no value at all.
 *
 * @param json well-formed JSON
 */
export function findLossyNumber(json: string): LossyNumber | undefined {
  if (!MAY_BE_CHANGED.test(json)) return undefined;
  /** The key or index in each object and list around the token; keys as they are written, in quotes. */
  const steps: (string | number)[] = [];
  for (const [token] of json.matchAll(TOKEN)) {
    const inner = steps.length - 1;
    const step = steps[inner];
    switch (token[0]) {
      case '{':
        steps.push('""');
        break;
      case '[':
        steps.push(0);
        break;
      case '}':
      case ']':
        steps.pop();
        break;
      case ',':
        if (typeof step === 'number') steps[inner] = step + 1;
        break;
      case '"':
        // The last text before a number in an object is its key.
        if (typeof step === 'string') steps[inner] = token;
        break;
      default:
        if (!isKept(token)) return { path: pathOf(steps), literal: token };
    }
  }
  return undefined;
}

/** A whole number may be an id, and must not become another; that fractions are rounded is usual (RFC 8259 §6). */
function isKept(literal: string): boolean {
  const number = Number(literal);
  if (!Number.isFinite(number)) return false;
  return !/^-?\d+$/.test(literal) || literal === String(number) || BigInt(literal) === BigInt(number);
}

const pathOf = (steps: readonly (string | number)[]): string =>
  steps
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${JSON.parse(step).slice(0, MAX_NAME_LENGTH)}`))
    .join('')
    .replace(/^\./, '');
