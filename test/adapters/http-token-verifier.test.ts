import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import { isSafeForKeys } from '../../src/adapters/http/issuer-keys.ts';
import { HttpTokenVerifier } from '../../src/adapters/http/token-verifier.ts';
import { elapsedTime } from '../../src/adapters/system/elapsed-time.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { httpService } from '../helpers/http-service.ts';
import { refusedTokens } from '../helpers/refused-tokens.ts';
import { type IssuerMood, type TokenIssuer, tokenIssuer } from '../helpers/token-issuer.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let clock: FakeClock;
let issuer: TokenIssuer;
let foreign: TokenIssuer;
let warnings: string[];
let monotonic: number;
let verifier: HttpTokenVerifier;

beforeEach(async () => {
  clock = new FakeClock();
  monotonic = 0;
  warnings = [];
  const now = () => clock.now();
  issuer = await tokenIssuer({ now });
  foreign = await tokenIssuer({ now });
  verifier = verifierOf(issuer);
});
afterEach(async () => {
  await Promise.all([issuer.close(), foreign.close()]);
});

const verifierOf = (...issuers: { readonly url: string; readonly audience: string; readonly name?: string }[]) =>
  new HttpTokenVerifier({
    issuers: issuers.map(({ url, audience, name }) => ({ url, audience, ...(name ? { name } : {}) })),
    groupsClaim: 'cognito:groups',
    clock,
    elapsed: elapsedTime(
      () => clock.now(),
      () => monotonic,
    ),
    onWarning: (_, message) => void warnings.push(message),
  });

/** Time passes, on both clocks. */
const pass = (ms: number): void => {
  clock.advance(ms);
  monotonic += ms;
};

/** What comes of a token: `accepted`, `refused`, or the code of an error. */
const outcome = (token: string, by = verifier): Promise<string> =>
  by.check(token).then(
    ({ kind }) => kind,
    ({ code }) => code,
  );
const outcomeOfNew = async (): Promise<string> => outcome(await issuer.token());

describe('a token', () => {
  it('tells who calls, and until when', async () => {
    expect(await verifier.check(await issuer.token())).toEqual({
      kind: 'accepted',
      subjects: ['sub:ann', 'group:crew'],
      expiresAt: clock.now() + 3_600_000,
    });
  });

  it.each(['RS256', 'PS512', 'ES384', 'EdDSA'])('may be signed by %s', async (algorithm) => {
    const other = await tokenIssuer({ now: () => clock.now(), algorithm });
    expect(await outcome(await other.token(), verifierOf(other))).toBe('accepted');
    await other.close();
  });

  it.each<[string, Parameters<TokenIssuer['token']>[0]]>([
    ['for several audiences', { claims: { aud: ['another', 'portside'] } }],
    ['without audience, of the client', { without: ['aud'], claims: { client_id: 'portside' } }],
    ['that begins now', { claims: { nbf: Date.UTC(2026, 0, 1) / 1_000 } }],
    ['of an issuer whose clock is a little ahead', { claims: { nbf: Date.UTC(2026, 0, 1) / 1_000 + 5 } }],
    ['with a type', { header: { typ: 'at+jwt' } }],
    ['without a key id, while the issuer has one key', { header: { kid: undefined } }],
    ['without groups', { without: ['cognito:groups'] }],
    ['with groups that are none', { claims: { 'cognito:groups': { a: 1 } } }],
    ['that says that it is for access', { claims: { token_use: 'access' } }],
    [
      'whose address alone is to be read elsewhere',
      { claims: { _claim_names: { address: 'src1' }, hasgroups: false } },
    ],
  ])('is taken %s', async (_, parts) => {
    expect(await outcome(await issuer.token(parts))).toBe('accepted');
  });

  it('is refused for each thing that can be wrong with it', async () => {
    const tokens = await refusedTokens(issuer, foreign, clock.now());
    const outcomes = await Promise.all(
      Object.entries(tokens).map(async ([what, token]) => [what, await outcome(token)]),
    );
    expect(Object.fromEntries(outcomes)).toEqual(
      Object.fromEntries(Object.keys(tokens).map((what) => [what, 'refused'])),
    );
  });

  it('ends at its time to the second', async () => {
    const token = await issuer.token();
    pass(3_600_000 - 1);
    expect(await outcome(token)).toBe('accepted');
    pass(1);
    expect(await verifier.check(token)).toMatchObject({ kind: 'refused', isExpired: true });
  });

  it.each(['', 'a', 'a.b', 'a.b.c.d', 'a.b.c', `${Buffer.from('[]').toString('base64url')}.e30.e30`, 'e 30.e30.e30'])(
    'is not %p',
    async (text) => {
      expect(await outcome(text)).toBe('no-token');
      expect(issuer.reads).toBe(0);
    },
  );

  it.each<[string, Record<string, unknown>, string]>([
    ['says who signed in', { token_use: 'id' }, 'it is no access token'],
    ['may be of any use', { token_use: null }, 'it is no access token'],
    ['has its groups elsewhere', { _claim_names: { 'cognito:groups': 'src1' } }, 'its issuer left out its groups'],
    ['has groups that it does not hold', { hasgroups: true }, 'its issuer left out its groups'],
  ])('that %s is refused, and the log says why', async (_, claims, reason) => {
    expect(await verifier.check(await issuer.token({ claims }))).toMatchObject({ kind: 'refused', reason });
  });

  it('may be meant for any audience of its issuer that is named, and for no other', async () => {
    const web = { url: issuer.url, audience: 'web', name: 'staff' };
    const of = verifierOf(web, { ...web, audience: 'mobile' }, { ...foreign, url: foreign.url, audience: 'foreign' });
    const meantFor = async (parts: Parameters<TokenIssuer['token']>[0]) => of.check(await issuer.token(parts));

    for (const aud of ['web', 'mobile', ['other', 'mobile']])
      expect(await meantFor({ claims: { aud } })).toMatchObject({ kind: 'accepted', subjects: expect.any(Array) });
    expect(await meantFor({ without: ['aud'], claims: { client_id: 'mobile' } })).toMatchObject({
      subjects: ['sub:staff/ann', 'group:staff/crew'],
    });
    for (const aud of ['foreign', 'portside', 'webmobile', []])
      expect(await meantFor({ claims: { aud } })).toMatchObject({ kind: 'refused' });
    expect(issuer.reads).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('of an issuer with a name has subjects of its own, which no other can claim', async () => {
    const both = verifierOf({ ...issuer, url: issuer.url, audience: 'portside' }, { ...foreign, name: 'guests' });
    const claims = { sub: 'guests/ann', 'cognito:groups': ['guests/crew', 'crew'] };

    expect(await both.check(await foreign.token())).toMatchObject({
      subjects: ['sub:guests/ann', 'group:guests/crew'],
    });
    expect(await both.check(await issuer.token({ claims }))).toMatchObject({ subjects: ['group:crew'] });
    expect(warnings).toEqual([expect.stringContaining('sub:guests/ann, group:guests/crew')]);
  });
});

describe('the keys of an issuer', () => {
  it('are read once, by however many', async () => {
    const token = await issuer.token();
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => outcome(token))))).toEqual(new Set(['accepted']));
    expect(issuer.reads).toBe(1);
  });

  it('are read again when they are ten minutes old, and those that were withdrawn count no more', async () => {
    const token = await issuer.token();
    await outcome(token);
    await issuer.addKey();
    issuer.withdraw(JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()).kid);
    pass(10 * MINUTE - 1);
    expect([await outcome(token), issuer.reads]).toEqual(['accepted', 1]);
    pass(1);
    expect(await outcome(token)).toBe('refused');
  });

  it.each<[string, () => void]>([
    ['the machine sleeps and its monotonic clock stands still', () => clock.advance(10 * MINUTE)],
    [
      'its wall clock is set back',
      () => {
        monotonic += 10 * MINUTE;
        clock.advance(-10 * MINUTE);
      },
    ],
  ])('grow old while %s', async (_, elapse) => {
    await outcomeOfNew();
    elapse();
    expect([await outcomeOfNew(), issuer.reads]).toEqual(['accepted', 2]);
  });

  it('are read at once for a new key', async () => {
    await outcomeOfNew();
    await issuer.addKey();
    expect([await outcomeOfNew(), issuer.reads]).toEqual(['accepted', 2]);
  });

  it('are not read for each of many key ids that are made up, and a new key is found all the same', async () => {
    await outcomeOfNew();
    const madeUp = async (index: number) => outcome(await issuer.token({ header: { kid: `made-up-${index}` } }));
    for (let index = 0; index < 100; index++) expect(await madeUp(index)).toBe('refused');
    expect(issuer.reads).toBe(1 + 4);

    await issuer.addKey();
    expect(await outcomeOfNew()).toBe('refused');
    pass(5 * SECOND);
    expect(await outcomeOfNew()).toBe('accepted');
    expect(issuer.reads).toBe(1 + 4 + 1);
  });

  it('are not asked for by what no key can make good', async () => {
    await outcomeOfNew();
    for (const alg of ['HS256', 'none', 'RSA-OAEP', undefined])
      await outcome(`${Buffer.from(JSON.stringify({ alg, kid: 'x' })).toString('base64url')}.e30.e30`);
    await outcome(await foreign.token());
    expect([issuer.reads, foreign.reads]).toEqual([1, 0]);
  });

  it.each<IssuerMood>([
    'fails',
    'hangs',
    'redirects',
    'is-long',
    'is-no-json',
    'has-no-set',
    'names-another',
    'names-foreign-keys',
  ])('cannot be read, and the issuer is unavailable, while it %s', async (mood) => {
    issuer.mood = mood;
    const began = performance.now();
    await expect(verifier.check(await issuer.token())).rejects.toMatchObject({
      code: 'ACCESS_ISSUER_UNAVAILABLE',
      retryAfterSeconds: 3,
    });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(warnings).toEqual([expect.stringContaining('cannot be read')]);

    issuer.mood = 'well';
    pass(3 * SECOND);
    expect(await outcomeOfNew()).toBe('accepted');
  });

  it.each<[string, 'away' | IssuerMood]>([
    ['is away', 'away'],
    ['fails', 'fails'],
    ['tells lies', 'names-another'],
  ])('serve for an hour while the issuer %s, and no longer', async (_, mood) => {
    const hour = await issuer.token({ claims: { exp: clock.now() / 1_000 + 7_200 } });
    await outcome(hour);
    if (mood === 'away') await issuer.away();
    else issuer.mood = mood;
    pass(10 * MINUTE);
    expect(await outcome(hour)).toBe('accepted');
    pass(50 * MINUTE - 1);
    expect(await outcome(hour)).toBe('accepted');
    pass(1);
    expect(await outcome(hour)).toBe('ACCESS_ISSUER_UNAVAILABLE');

    if (mood === 'away') await issuer.back();
    else issuer.mood = 'well';
    pass(3 * SECOND);
    expect(await outcome(hour)).toBe('accepted');
  });

  it('hold nobody up while the issuer is known to be away', async () => {
    const token = await issuer.token();
    await outcome(token);
    issuer.mood = 'fails';
    pass(10 * MINUTE);
    await outcome(token);
    issuer.mood = 'hangs';
    pass(3 * SECOND);
    const began = performance.now();
    await outcome(token);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('are read before they are used by one who was idle through the end of an outage', async () => {
    const token = await issuer.token();
    await outcome(token);
    issuer.mood = 'fails';
    pass(10 * MINUTE);
    expect(await outcome(token)).toBe('accepted');
    issuer.mood = 'well';
    issuer.withdraw(issuer.key.kid);
    pass(11 * MINUTE);
    expect(await outcome(token)).toBe('refused');
  });

  it('are found soon after an outage', async () => {
    await outcomeOfNew();
    issuer.mood = 'fails';
    pass(10 * MINUTE);
    await outcomeOfNew();
    issuer.mood = 'well';
    await issuer.addKey();
    // Nobody can say whose it is before the issuer is asked.
    expect(await outcomeOfNew()).toBe('ACCESS_ISSUER_UNAVAILABLE');
    pass(3 * SECOND);
    expect(await eventually(outcomeOfNew, (found) => found === 'accepted')).toBe('accepted');
  });

  it('come without a proxy where they come unencrypted', async () => {
    const asked: string[] = [];
    const proxy = await httpService(({ path }, response) => {
      asked.push(path);
      response.writeHead(200).end('{}');
    });
    const before = { ...process.env };
    Object.assign(process.env, { HTTP_PROXY: proxy.url, http_proxy: proxy.url, NO_PROXY: '', no_proxy: '' });
    try {
      expect(await outcomeOfNew()).toBe('accepted');
      expect(asked).toEqual([]);
    } finally {
      process.env = before;
      await proxy.close();
    }
  });

  it('that are secret or private are not used', async () => {
    const secret = { kty: 'oct', kid: 'secret', k: Buffer.from('x'.repeat(32)).toString('base64url') };
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const own = { ...(await exportJWK(privateKey)), kid: 'private', alg: 'ES256' };
    issuer.publish(secret);
    issuer.publish(own);
    const key = { kid: 'private', privateKey, publicJwk: own };
    expect(await outcome(await issuer.token({ key }))).toBe('refused');
    expect(await outcomeOfNew()).toBe('accepted');
  });

  it.each(['/pool_1', '/pool_1/', '/'])('of an issuer at %s are found', async (path) => {
    const other = await tokenIssuer({ now: () => clock.now(), path });
    expect(await outcome(await other.token(), verifierOf(other))).toBe('accepted');
    await other.close();
  });
});

describe('an address of keys', () => {
  it.each([
    ['https://id.example', 'https://keys.example/all', true],
    ['https://id.example', 'http://id.example/keys', false],
    ['https://id.example', 'http://127.0.0.1/keys', false],
    ['https://id.example', 'file:///etc/keys', false],
    ['https://id.example', 'https://user:secret@id.example/keys', false],
    ['https://id.example', '/keys', false],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9001/keys', true],
    ['http://127.0.0.1:9000', 'http://id.example/keys', false],
    ['http://127.0.0.1:9000', 'https://id.example/keys', true],
  ])('of %s may be %s: %p', (issuerUrl, address, isSafe) => {
    expect(isSafeForKeys(address, issuerUrl)).toBe(isSafe);
  });
});
