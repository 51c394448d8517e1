const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * What a parameter of a path says that may hold any text. One that begins with `~` is the text in base64url, which passes
 * gateways that change or refuse `%2F`.
 *
 * @param parameter after percent-decoding
 * @returns undefined where no text follows the `~`
 */
export function textInParameter(parameter: string): string | undefined {
  if (!parameter.startsWith('~')) return parameter;
  const digits = [...parameter.slice(1)].map((digit) => BASE64URL.indexOf(digit));
  if (digits.length === 0 || digits.length % 4 === 1 || digits.includes(-1)) return undefined;
  const bits = digits.map((digit) => digit.toString(2).padStart(6, '0')).join('');
  const bytes = bits.match(/[01]{8}/g) ?? [];
  const escaped = bytes.map((byte) => `%${Number.parseInt(byte, 2).toString(16).padStart(2, '0')}`);
  return percentDecoded(escaped.join(''));
}

/** @returns undefined for what is no UTF-8 */
function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
