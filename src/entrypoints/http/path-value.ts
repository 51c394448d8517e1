import { invalidRequest } from '../../domain/shared/domain-error.ts';
import { textInParameter } from '../../domain/shared/path-parameter.ts';

/** What a path parameter may be that can hold any character, for the OpenAPI document. */
export const PATH_VALUE = 'percent-encoded, or `~` and its base64url, which passes every gateway';

/**
 * The value of a path parameter that may hold any character: as it is, or `~` and its base64url.
 *
 * @param name of the parameter
 * @param parameter after percent-decoding
 * @throws DomainError `INVALID_REQUEST` for what begins with `~` and is none
 */
export function pathValue(name: string, parameter: string): string {
  const text = textInParameter(parameter);
  if (text === undefined)
    throw invalidRequest({ path: name, message: 'must be UTF-8 in base64url after the ~, without padding' });
  return text;
}
