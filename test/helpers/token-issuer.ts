import type { ServerResponse } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { type HttpService, httpService } from './http-service.ts';

/** How an issuer of tokens answers. */
export type IssuerMood =
  | 'well'
  | 'fails'
  | 'hangs'
  | 'redirects'
  | 'is-long'
  | 'is-no-json'
  | 'has-no-set'
  | 'names-another'
  | 'names-foreign-keys';

export interface TokenIssuerOptions {
  /** The time that its tokens go by, epoch ms. */
  readonly now?: () => number;
  readonly audience?: string;
  /** Follows the host in its address. */
  readonly path?: string;
  readonly algorithm?: string;
}

export interface TokenKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export interface TokenParts {
  readonly claims?: JWTPayload;
  /** Claims that are left out. */
  readonly without?: readonly string[];
  readonly header?: Readonly<Record<string, unknown>>;
  /** The one that it signs with now, unless the test says otherwise. */
  readonly key?: TokenKey;
}

/** An issuer of tokens on loopback, over real HTTP. */
export interface TokenIssuer {
  /** Its identity, the claim `iss`. */
  readonly url: string;
  readonly audience: string;
  /** How often its keys were asked for. */
  readonly reads: number;
  mood: IssuerMood;
  /** A new key, with which it signs from now on; those before stay published until they are withdrawn. */
  addKey(kid?: string): Promise<TokenKey>;
  /** Signs with that key from now on. */
  use(key: TokenKey): void;
  /** Publishes the key no longer. */
  withdraw(kid: string): void;
  /** Publishes anything as a key. */
  publish(jwk: JWK): void;
  readonly key: TokenKey;
  /** A token of somebody in the group `crew`, good for an hour. */
  token(parts?: TokenParts): Promise<string>;
  /** Closes its port; {@link back} opens the same one again. */
  away(): Promise<void>;
  back(): Promise<void>;
  close(): Promise<void>;
}

/** What stands in front of a path to which it redirects, and where it answers well. */
const ELSEWHERE = '/elsewhere';

let keysMade = 0;

/** An issuer whose keys and answers the test decides. */
export async function tokenIssuer({
  now = Date.now,
  audience = 'portside',
  path = '',
  algorithm = 'ES256',
}: TokenIssuerOptions = {}): Promise<TokenIssuer> {
  let mood: IssuerMood = 'well';
  let reads = 0;
  let key: TokenKey;
  const published = new Map<string, JWK>();

  const answer = (asked: string, response: ServerResponse): void => {
    const isElsewhere = asked.startsWith(ELSEWHERE);
    const name = isElsewhere ? asked.slice(ELSEWHERE.length) : asked;
    const isKeys = name.endsWith('/keys');
    if (isKeys) reads++;
    if (mood === 'hangs') return;
    if (mood === 'fails') return void response.writeHead(503).end();
    if (mood === 'redirects' && !isElsewhere)
      return void response.writeHead(302, { location: service.url + ELSEWHERE + name }).end();
    if (mood === 'is-no-json') return void response.end('<html>');
    if (!isKeys && service.url + name !== `${base}/.well-known/openid-configuration`)
      return void response.writeHead(404).end();
    const filling = mood === 'is-long' ? { filling: 'x'.repeat(300_000) } : {};
    const body = isKeys
      ? { keys: mood === 'has-no-set' ? 1 : [...published.values()] }
      : {
          issuer: mood === 'names-another' ? 'https://another.example' : url,
          jwks_uri: mood === 'names-foreign-keys' ? 'http://foreign.example/keys' : `${base}/keys`,
        };
    response.end(JSON.stringify({ ...body, ...filling }));
  };
  const start = (port = 0): Promise<HttpService> => httpService((call, response) => answer(call.path, response), port);
  let service = await start();
  const url = service.url + path;
  const base = url.replace(/\/$/, '');

  const addKey = async (kid = `key-${++keysMade}`): Promise<TokenKey> => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
    key = { kid, privateKey, publicJwk };
    published.set(kid, publicJwk);
    return key;
  };
  key = await addKey();

  return {
    url,
    audience,
    get reads() {
      return reads;
    },
    get mood() {
      return mood;
    },
    set mood(next) {
      mood = next;
    },
    get key() {
      return key;
    },
    addKey,
    use: (next) => {
      key = next;
    },
    withdraw: (kid) => void published.delete(kid),
    publish: (jwk) => void published.set(jwk.kid as string, jwk),
    token: ({ claims = {}, without = [], header = {}, key: signer = key } = {}) => {
      const seconds = Math.floor(now() / 1_000);
      const all = {
        iss: url,
        aud: audience,
        sub: 'ann',
        iat: seconds,
        exp: seconds + 3_600,
        'cognito:groups': ['crew'],
      };
      const payload = Object.entries({ ...all, ...claims }).filter(([name]) => !without.includes(name));
      return new SignJWT(Object.fromEntries(payload))
        .setProtectedHeader({ alg: algorithm, kid: signer.kid, ...header })
        .sign(signer.privateKey, { crit: { 'urn:example': true } });
    },
    away: () => service.close(),
    back: async () => {
      service = await start(Number(new URL(url).port));
    },
    close: () => service.close().catch(() => undefined),
  };
}

/** A token with other header fields, and a signature that the test makes. */
export async function forged(
  token: string,
  header: Readonly<Record<string, unknown>>,
  sign: (signed: string) => string = () => '',
): Promise<string> {
  const [, payload] = token.split('.');
  const head = Buffer.from(JSON.stringify(header)).toString('base64url');
  return `${head}.${payload}.${sign(`${head}.${payload}`)}`;
}
