import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from 'jose';
import { groupsInClaim, tokenSubjects } from '../../domain/access/token-subjects.ts';
import { DomainError } from '../../domain/shared/domain-error.ts';
import type { Clock } from '../../ports/system.ts';
import type { TokenCheck, TokenIssuer, TokenVerifier } from '../../ports/tokens.ts';
import { IssuerKeys } from './issuer-keys.ts';

/** Signatures that only the holder of a private key can make. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512'],
  ...['PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519'],
];
/** Kinds of tokens, by the header `typ`, that say who calls; a logout token, for one, does not (RFC 8725 §3.11). */
const TYPES = /^(application\/)?(at\+)?jwt$/i;
/** All headers together have 16 KiB. */
const MAX_TOKEN_LENGTH = 8_192;
const MAX_KEY_ID_LENGTH = 512;
/** A token with more groups than this is refused: without some of them, what is denied to these would be allowed. */
const MAX_GROUPS = 250;
/** By so much, s, a clock of an issuer may be ahead when it makes a token that holds from now on. */
const AHEAD_SECONDS = 5;

export interface HttpTokenVerifierOptions {
  readonly issuers: readonly TokenIssuer[];
  /** The claim that holds the groups. */
  readonly groupsClaim: string;
  /** By which tokens begin and end. */
  readonly clock: Pick<Clock, 'now'>;
  /** By which keys age, ms: never too slow, and time asleep counts. */
  readonly elapsed: () => number;
  /** Called with a sentence about an issuer, for whoever runs the service. */
  readonly onWarning: (issuer: string, message: string) => void;
}

/** An issuer with all audiences that tokens of it may be meant for. */
interface KnownIssuer extends Omit<TokenIssuer, 'audience'> {
  readonly audiences: readonly string[];
  readonly keys: IssuerKeys;
  /** Names of the others. */
  readonly others: readonly string[];
}

/** Verifies JSON Web Tokens by the keys that their issuers publish. */
export class HttpTokenVerifier implements TokenVerifier {
  /** By the claim `iss`. */
  private readonly issuers: ReadonlyMap<string, KnownIssuer>;

  constructor(private readonly options: HttpTokenVerifierOptions) {
    const { issuers, elapsed, onWarning } = options;
    const names = issuers.flatMap(({ name }) => name ?? []);
    this.issuers = new Map(
      issuers.map(({ name, url }) => {
        const onFailure = (reason: string): void => onWarning(url, `its keys cannot be read: ${reason}`);
        const keys = new IssuerKeys({ issuer: url, elapsed, onFailure });
        const audiences = issuers.filter((issuer) => issuer.url === url).map(({ audience }) => audience);
        return [url, { ...(name && { name }), url, audiences, keys, others: names.filter((other) => other !== name) }];
      }),
    );
  }

  async check(token: string): Promise<TokenCheck> {
    const header = headerOf(token);
    if (!header) return { kind: 'no-token' };
    try {
      return await this.accept(token, header);
    } catch (error) {
      if (error instanceof DomainError) throw error;
      return { kind: 'refused', reason: reasonOf(error), isExpired: error instanceof errors.JWTExpired };
    }
  }

  /** Resolves when nothing is under way that a frozen function would lose, at the latest after a second. */
  async flush(): Promise<void> {
    await Promise.all([...this.issuers.values()].map(({ keys }) => keys.flush()));
  }

  /** @throws Refused or errors.JOSEError with what is wrong with the token */
  private async accept(token: string, header: ProtectedHeaderParameters): Promise<TokenCheck> {
    if (token.length > MAX_TOKEN_LENGTH) throw new Refused(`it is longer than ${MAX_TOKEN_LENGTH} characters`);
    checkHeader(header);
    const issuer = this.issuers.get(decodeJwt(token).iss ?? '');
    if (!issuer) throw new Refused('its issuer is not one of TOKEN_ISSUERS');
    const now = this.options.clock.now();
    const { payload } = await jwtVerify(token, issuer.keys.find, {
      algorithms: ALGORITHMS,
      issuer: issuer.url,
      requiredClaims: ['exp'],
      currentDate: new Date(now),
      clockTolerance: AHEAD_SECONDS,
    });
    const expiresAt = Number(payload.exp) * 1_000;
    if (!Number.isFinite(expiresAt)) throw new Refused('its end is no time');
    // What was tolerated above is meant for its beginning.
    if (expiresAt <= now) throw new errors.JWTExpired('it has ended', payload);
    if (!issuer.audiences.some((audience) => isMeantFor(audience, payload)))
      throw new Refused('it is meant for another audience');
    // Amazon Cognito says so; its ID tokens are for the client that signed somebody in, which may hand them on.
    if (Object.hasOwn(payload, 'token_use') && payload.token_use !== 'access')
      throw new Refused('it is no access token');
    if (leavesGroupsOut(payload, this.options.groupsClaim)) throw new Refused('its issuer left out its groups');
    if (Object.hasOwn(payload, 'cnf'))
      throw new Refused('it is bound to a key of its holder, which is not checked here');
    return { kind: 'accepted', subjects: this.subjectsOf(payload, issuer), expiresAt };
  }

  private subjectsOf(payload: JWTPayload, { name, url, others }: KnownIssuer): readonly [string, ...string[]] {
    const { groupsClaim, onWarning } = this.options;
    const groups = groupsInClaim(Object.hasOwn(payload, groupsClaim) ? payload[groupsClaim] : undefined);
    if (groups.length > MAX_GROUPS) throw new Refused(`it has more than ${MAX_GROUPS} groups`);
    const { subjects, leftOut } = tokenSubjects({ sub: payload.sub, groups }, { own: name, others });
    if (leftOut.length > 0)
      onWarning(url, `it claims names of another issuer, which were left out: ${leftOut.slice(0, 3).join(', ')}`);
    const [first, ...rest] = subjects;
    if (first === undefined) throw new Refused('it names neither a subject nor a group');
    return [first, ...rest];
  }
}

/** Why a token is refused, in words that follow "because". */
class Refused extends Error {}

/** @returns undefined where the text is no token at all */
function headerOf(token: string): ProtectedHeaderParameters | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return undefined;
  try {
    return decodeProtectedHeader(token);
  } catch {
    return undefined;
  }
}

/** What can be said before a key is looked for. */
function checkHeader({ alg, kid, typ, crit }: ProtectedHeaderParameters): void {
  if (!ALGORITHMS.includes(alg as string)) throw new Refused('its algorithm is not one that is taken');
  if (crit !== undefined) throw new Refused('it has extensions that must be understood');
  if (typ !== undefined && !(typeof typ === 'string' && TYPES.test(typ)))
    throw new Refused('it is another kind of token');
  if (kid !== undefined && !(typeof kid === 'string' && kid.length <= MAX_KEY_ID_LENGTH))
    throw new Refused('its key id is not one');
}

/** A token without `aud`, as Cognito's access tokens are, names the client for which it was made. */
function isMeantFor(audience: string, payload: JWTPayload): boolean {
  if (!Object.hasOwn(payload, 'aud')) return payload.client_id === audience;
  const { aud } = payload;
  return aud === audience || (Array.isArray(aud) && aud.includes(audience));
}

/** Microsoft Entra ID names a place where the groups can be read, when they are many: what is denied to them is unknown. */
function leavesGroupsOut(payload: JWTPayload, groupsClaim: string): boolean {
  const { _claim_names: elsewhere, hasgroups } = payload;
  return hasgroups === true || (typeof elsewhere === 'object' && elsewhere !== null && groupsClaim in elsewhere);
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has ended';
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} does not hold`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWKSNoMatchingKey) return 'its issuer has no such key';
  if (error instanceof Refused) return error.message;
  return 'it cannot be verified';
}
