/** With the longest name of an issuer in front it is still a subject. */
const MAX_NAME_LENGTH = 255;
const NAME = /^[^\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]+$/u;

/** Who a token speaks for, as its issuer has it. */
export interface TokenHolder {
  /** The claim `sub`, whatever it holds. */
  readonly sub: unknown;
  readonly groups: readonly string[];
}

/** The issuers that are trusted, as far as their names matter to one of them. */
export interface IssuerNames {
  /** The name of the token's issuer, if it has one. */
  readonly own: string | undefined;
  readonly others: readonly string[];
}

/** What policies may speak of, and what the token claimed and may not be. */
export interface TokenSubjects {
  /** `sub:…` first. */
  readonly subjects: readonly string[];
  /** Names that belong to another issuer. */
  readonly leftOut: readonly string[];
}

/**
 * The groups in a claim: a list of texts, or one text with the groups separated by spaces, as `scope` has them. What else
 * a claim holds is no group. Each group comes once.
 */
export function groupsInClaim(claim: unknown): readonly string[] {
  const listed: readonly unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return [...new Set(listed.filter(isName))];
}

/**
 * Subjects of one issuer are never those of another: names of an issuer that has a name begin with it and a slash, and the
 * one without a name cannot use such a beginning. Names of issuers hold no slash.
 */
export function tokenSubjects({ sub, groups }: TokenHolder, { own, others }: IssuerNames): TokenSubjects {
  const isForeign = (name: string): boolean =>
    own === undefined && others.some((other) => name.startsWith(`${other}/`));
  const names = [...(isName(sub) ? [['sub', sub] as const] : []), ...groups.map((group) => ['group', group] as const)];
  const prefix = own === undefined ? '' : `${own}/`;
  return {
    subjects: names.filter(([, name]) => !isForeign(name)).map(([kind, name]) => `${kind}:${prefix}${name}`),
    leftOut: names.filter(([, name]) => isForeign(name)).map(([kind, name]) => `${kind}:${name}`),
  };
}

/** No policy could be put for anything else. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_NAME_LENGTH && NAME.test(value);
