import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { refusedTokens } from '../helpers/refused-tokens.ts';
import { type TokenIssuer, tokenIssuer } from '../helpers/token-issuer.ts';

interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

let issuer: TokenIssuer;
let foreign: TokenIssuer;
let service: EmbeddedApp;
const lines: LogLine[] = [];

beforeAll(async () => {
  // The time at which the clock of the service begins.
  const now = () => service?.clock.now() ?? new FakeClock().now();
  issuer = await tokenIssuer({ now });
  foreign = await tokenIssuer({ now });
});
afterAll(async () => {
  await issuer.close();
  await foreign.close();
});
beforeEach(async () => {
  issuer.mood = 'well';
  lines.splice(0);
  service = await embeddedApp(
    { TOKEN_ISSUERS: `${issuer.url}=${issuer.audience}` },
    { log: { write: (line) => void lines.push(JSON.parse(line)) } },
  );
  const policy = await service.app.inject({
    method: 'PUT',
    url: '/policies/group:crew',
    headers: authorization,
    payload: { allow: ['* /**'] },
  });
  expect(policy.statusCode).toBe(200);
});
afterEach(() => service.close());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const ask = (headers: Record<string, string>, url = '/queues') => service.app.inject({ url, headers });

describe('a bearer token', () => {
  it('is as good as a key, and its person stands in the log', async () => {
    expect((await ask(bearer(await issuer.token()))).statusCode).toBe(200);
    expect(lines.find(({ msg, path }) => msg === 'request completed' && path === '/queues')).toMatchObject({
      subject: 'sub:ann',
      address: '127.0.0.1',
    });
  });

  it('names its person in the history of a flag set', async () => {
    const headers = bearer(await issuer.token());
    const flag = { type: 'boolean', variants: { on: true }, defaultVariant: 'on', state: 'ENABLED' };
    await service.app.inject({ method: 'POST', url: '/flag-sets', headers, payload: { setId: 'web' } });
    await service.app.inject({ method: 'PUT', url: '/flag-sets/web/flags/a', headers, payload: flag });
    expect((await ask(headers, '/flag-sets/web/history')).json().history).toMatchObject([{ by: 'sub:ann' }]);
  });

  it('that is refused is answered as one, and its reason is for the log alone', async () => {
    for (const [what, token] of Object.entries(await refusedTokens(issuer, foreign, service.clock.now()))) {
      const answer = await ask(bearer(token));
      expect([what, answer.statusCode, answer.json().code, answer.headers['www-authenticate']]).toEqual([
        what,
        401,
        'UNAUTHORIZED',
        'Bearer error="invalid_token"',
      ]);
      expect(answer.json().detail).toMatch(/^The bearer token /);
    }
    expect(lines.filter(({ msg }) => msg === 'refused a token').map(({ reason }) => reason)).toContain(
      'its issuer is not one of TOKEN_ISSUERS',
    );
  });

  it('that has expired is said to be', async () => {
    const token = await issuer.token();
    service.clock.advance(3_600_000);
    expect((await ask(bearer(token))).json().detail).toContain('has expired');
  });

  it.each<[string, Record<string, string>]>([
    ['no key', {}],
    ['a key that is not known', { authorization: 'Bearer not-a-key-0123456789' }],
    ['a key that is not known and has dots', { authorization: 'Bearer not.a.key-0123456789' }],
    ['a token in place of a key', { 'x-api-key': 'e30.e30.e30' }],
  ])('is not meant where there is %s', async (_, headers) => {
    const answer = await ask(headers);
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  it('stands in no line of the log', async () => {
    const token = await issuer.token();
    const refused = await issuer.token({ claims: { aud: 'another' } });
    await ask(bearer(token));
    await ask(bearer(refused));
    for (const part of [...token.split('.').slice(1), ...refused.split('.').slice(1)])
      expect(JSON.stringify(lines)).not.toContain(part);
  });

  it('that is refused shows no more than none where none is needed', async () => {
    const answer = await ask(bearer(await foreign.token()), '/polls/colors/results');
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([200, undefined]);
  });

  it('cannot be judged before its issuer has been heard', async () => {
    issuer.mood = 'fails';
    const answer = await ask(bearer(await issuer.token()));
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([
      503,
      'ACCESS_ISSUER_UNAVAILABLE',
      '3',
    ]);
    expect((await ask(authorization)).statusCode).toBe(200);
    expect(lines.filter(({ msg }) => msg.includes('its keys cannot be read: it answered 503'))).toHaveLength(1);

    issuer.mood = 'well';
    service.clock.advance(4_000);
    expect((await ask(bearer(await issuer.token()))).statusCode).toBe(200);
  });
});
