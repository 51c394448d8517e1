import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { ports } from '../../src/entrypoints/composition/access/module.ts';
import type { PoliciesInForce } from '../../src/ports/access.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { SseClient } from '../helpers/sse-client.ts';
import { type TokenIssuer, tokenIssuer } from '../helpers/token-issuer.ts';

const json = { 'content-type': 'application/json' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

let issuer: TokenIssuer;
let service: EmbeddedApp;
let url = '';
let store: 'well' | 'away' | 'silent';
const clients: SseClient[] = [];
beforeEach(async () => {
  store = 'well';
  issuer = await tokenIssuer({ now: () => service?.clock.now() ?? new FakeClock().now() });
  service = await embeddedApp(
    { TOKEN_ISSUERS: `${issuer.url}=${issuer.audience}` },
    {
      extras: [],
      prepare: (container) => {
        const inForce = container.get(ports.inForce);
        const current: PoliciesInForce['current'] = () => {
          if (store === 'away') return Promise.reject(storeUnavailable());
          return store === 'silent' ? new Promise(() => undefined) : inForce.current();
        };
        container
          .rebind(ports.inForce)
          .toConstantValue({ current, lastKnown: () => inForce.lastKnown(), renew: () => inForce.renew() });
      },
    },
  );
  url = await service.app.listen({ port: 0 });
  await put('group:crew', { allow: ['GET /polls/*/results/events', 'POST /queues/*/claims'] });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await service.close();
  await issuer.close();
});

const put = async (subject: string, policy: object): Promise<void> => {
  const answer = await service.app.inject({
    method: 'PUT',
    url: `/policies/${subject}`,
    headers: authorization,
    payload: policy,
  });
  expect(answer.statusCode).toBe(200);
};
const listen = async (headers: Record<string, string>): Promise<SseClient> => {
  const client = await SseClient.connect(`${url}/polls/colors/results/events`, headers);
  clients.push(client);
  return client;
};
const claim = (headers: Record<string, string>, waitSeconds = 20) =>
  fetch(`${url}/queues/q/claims`, {
    method: 'POST',
    headers: { ...headers, ...json },
    body: JSON.stringify({ waitSeconds }),
  });
const ends = (client: SseClient) =>
  eventually(
    () => client.ended,
    (ended) => ended,
    5_000,
  );
/** Long enough for callers to be judged again. */
const aWhile = (headers: Record<string, string>) => claim(headers, 2).then(({ status }) => expect(status).toBe(200));

describe('what is open', () => {
  it('ends when its token expires, and not before', async () => {
    const seconds = Math.floor(service.clock.now() / 1_000);
    const [shortLived, longLived] = await Promise.all([
      issuer.token({ claims: { exp: seconds + 60 } }),
      issuer.token({ claims: { exp: seconds + 3_600 } }),
    ]);
    const [stream, other] = await Promise.all([listen(bearer(shortLived)), listen(bearer(longLived))]);
    const waiting = claim(bearer(shortLived));
    await aWhile(authorization);
    expect(stream.ended).toBe(false);

    service.clock.advance(60_000);
    await ends(stream);
    const answer = await waiting;
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"']);
    expect(other.ended).toBe(false);
  }, 30_000);

  it('ends when its person is cut off, whatever the groups of the token may do', async () => {
    const [ofAnn, ofBob] = await Promise.all([issuer.token(), issuer.token({ claims: { sub: 'bob' } })]);
    const [stream, other] = await Promise.all([listen(bearer(ofAnn)), listen(bearer(ofBob))]);
    const waiting = claim(bearer(ofAnn));
    await aWhile(authorization);

    await put('sub:ann', { allow: [], deny: ['* /**'] });
    await ends(stream);
    expect((await waiting).status).toBe(403);
    await aWhile(authorization);
    expect(other.ended).toBe(false);
  }, 30_000);

  it.each(['away', 'silent'] as const)(
    'ends while the store is %s, since nobody knows what holds',
    async (mood) => {
      const [ofKey, ofToken, ofNobody] = await Promise.all([
        listen(authorization),
        issuer.token().then((token) => listen(bearer(token))),
        listen({}),
      ]);
      const waiting = claim(authorization);
      await aWhile(authorization);
      expect([ofKey.ended, ofToken.ended]).toEqual([false, false]);

      store = mood;
      await Promise.all([ends(ofKey), ends(ofToken)]);
      const answer = await waiting;
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'STORE_UNAVAILABLE']);
      expect(ofNobody.ended).toBe(false);
    },
    30_000,
  );

  it('gives a caller the tasks that it has claimed when it loses the right to claim more', async () => {
    const token = await issuer.token();
    const waiting = claim(bearer(token));
    await aWhile(authorization);
    await service.app.inject({
      method: 'POST',
      url: '/queues/q/tasks',
      headers: authorization,
      payload: { payload: 1 },
    });
    await put('group:crew', { allow: [] });

    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { tasks: object[] }).tasks).toHaveLength(1);
    expect((await claim(bearer(token))).status).toBe(403);
  }, 30_000);
});
