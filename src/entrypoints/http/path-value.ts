import { invalidRequest } from '../../domain/shared/domain-error.ts';

const BASE64URL = /^[A-Za-z0-9_-]+$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a path parameter may be that can hold any character, for the OpenAPI document. */
export const PATH_VALUE = 'percent-encoded, or `~` and its base64url, which passes every gateway';

/**
 * The value of a path parameter that may hold any character: as it is, or `~` and its base64url.
 *
 * @param name of the parameter
 * @param text decoded as a part of the path
 * @throws DomainError `INVALID_REQUEST` for what begins with `~` and is none
 */
export function pathValue(name: string, text: string): string {
  if (!text.startsWith('~')) return text;
  const encoded = text.slice(1);
  const bytes = Buffer.from(encoded, 'base64url');
  const refusal = invalidRequest({ path: name, message: 'must be UTF-8 in base64url after the ~, without padding' });
  // Written in another way, the same value would have several paths.
  if (!BASE64URL.test(encoded) || bytes.toString('base64url') !== encoded) throw refusal;
  try {
    return utf8.decode(bytes);
  } catch {
    throw refusal;
  }
}
