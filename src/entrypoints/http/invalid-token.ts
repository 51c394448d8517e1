import { DomainError } from '../../domain/shared/domain-error.ts';

/** A bearer token that does not count; the answer says so in the words of RFC 6750 §3.1, too. */
export class InvalidToken extends DomainError {
  readonly challenge = 'Bearer error="invalid_token"';

  constructor(message: string) {
    super('UNAUTHORIZED', message);
  }
}

export const expiredToken = (): InvalidToken =>
  new InvalidToken('The bearer token has expired. Get a new one from its issuer.');
