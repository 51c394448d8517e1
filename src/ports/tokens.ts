/** An issuer whose tokens are taken. */
export interface TokenIssuer {
  /** In front of the subjects of its tokens; without one they are taken as they are. */
  readonly name?: string;
  /** The claim `iss` of its tokens, to the letter. */
  readonly url: string;
  /** For whom its tokens must be meant. */
  readonly audience: string;
}

/** What there is to say of a text that may be a token. */
export type TokenCheck =
  | {
      readonly kind: 'accepted';
      /** As policies know them; the one of the person is first. */
      readonly subjects: readonly [string, ...string[]];
      /** When it expires, epoch ms in the store's time. */
      readonly expiresAt: number;
    }
  | {
      readonly kind: 'refused';
      /** The rest of a sentence, for the log. */
      readonly reason: string;
      /** It was good, and is over. */
      readonly isExpired: boolean;
    }
  | { readonly kind: 'no-token' };

/** Verifies bearer tokens. */
export interface TokenVerifier {
  /**
   * Whose token it is. Settles within 10 s.
   *
   * @throws DomainError `ACCESS_ISSUER_UNAVAILABLE` where the issuer must be asked and does not answer
   * @throws DomainError `STORE_UNAVAILABLE` until the store's time is known
   */
  check(token: string): Promise<TokenCheck>;
}
