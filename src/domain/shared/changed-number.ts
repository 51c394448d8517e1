/** A number in JSON text that does not survive being read. */
export interface ChangedNumber {
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
 * The first number that is another one after `JSON.parse`: 9007199254740993 becomes 9007199254740992, 1e400 has no
 * value at all. `1.0`, `1e3` and `6.02e23` stay what they are.
 *
 * @param json well-formed JSON
 */
export function changedNumber(json: string): ChangedNumber | undefined {
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

/** Whether a number says what the double says that is made of it: in as few digits as tell it apart, or in 17. */
function isKept(literal: string): boolean {
  const number = Number(literal);
  if (!Number.isFinite(number)) return false;
  const written = digitsOf(literal);
  return written === digitsOf(String(number)) || written === digitsOf(number.toPrecision(17));
}

/** The digits that count, and where the point stands: the same for 1500, 1500.0 and 1.5e3. */
function digitsOf(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  let [start, end] = [0, digits.length];
  while (digits[start] === '0') start++;
  while (end > start && digits[end - 1] === '0') end--;
  return start === end ? '0' : `${digits.slice(start, end)}e${whole.length - start + Number(exponent)}`;
}

const pathOf = (steps: readonly (string | number)[]): string =>
  steps
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${JSON.parse(step).slice(0, MAX_NAME_LENGTH)}`))
    .join('')
    .replace(/^\./, '');
