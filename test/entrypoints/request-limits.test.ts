import { afterEach, describe, expect, it } from '@jest/globals';
import { parseList } from 'structured-headers';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { ports } from '../../src/entrypoints/composition/limits/tokens.ts';
import { ConfigError } from '../../src/entrypoints/config/read-config.ts';
import { authorization, type EmbeddedApp, type EmbeddedAppOptions, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';

const services: EmbeddedApp[] = [];
const lines: { readonly [field: string]: unknown }[] = [];
async function limited(
  LIMITS: string,
  env: Record<string, string> = {},
  prepare?: EmbeddedAppOptions['prepare'],
): Promise<EmbeddedApp> {
  lines.splice(0);
  const log = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const service = await embeddedApp({ LIMITS, ...env }, { log, ...(prepare && { prepare }) });
  services.push(service);
  return service;
}
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});

interface Asked {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'OPTIONS' | 'DELETE';
  readonly from?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object | string;
}

const ask = (
  { app }: EmbeddedApp,
  url: string,
  { method = 'GET', from = '192.0.2.1', headers = {}, body }: Asked = {},
) => app.inject({ url, method, remoteAddress: from, headers, ...(body === undefined ? {} : { payload: body }) });

const statuses = async (service: EmbeddedApp, count: number, url: string, asked?: Asked): Promise<number[]> => {
  const all: number[] = [];
  for (let at = 0; at < count; at++) all.push((await ask(service, url, asked)).statusCode);
  return all;
};

/** What the fields of an answer tell, by limit. */
const told = (field: string | string[] | number | undefined) =>
  Object.fromEntries(
    parseList(String(field)).map(([name, parameters]) => [String(name), Object.fromEntries(parameters)]),
  );

describe('a limit by address', () => {
  it('refuses what is over it, with the time to wait, and nobody else', async () => {
    const service = await limited('all=2/10s');

    expect(await statuses(service, 2, '/polls')).toEqual([200, 200]);
    const refusal = await ask(service, '/polls');

    expect(refusal.statusCode).toBe(429);
    expect(refusal.json()).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      type: '/errors/TOO_MANY_REQUESTS',
      'violated-policies': ['all'],
    });
    const retryAfter = Number(refusal.headers['retry-after']);
    expect(retryAfter).toBeGreaterThanOrEqual(5);
    expect(retryAfter).toBeLessThanOrEqual(6);
    expect((await ask(service, '/polls', { from: '192.0.2.2' })).statusCode).toBe(200);
  });

  it('lets the next one pass after the time that it told', async () => {
    const service = await limited('all=1/10s');
    await ask(service, '/polls');
    const { headers } = await ask(service, '/polls');

    service.clock.advance(Number(headers['retry-after']) * 1_000);
    expect((await ask(service, '/polls')).statusCode).toBe(200);
  });

  it.each([
    ['192.0.2.1', '::ffff:192.0.2.1', 429],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', 429],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', 200],
    ['192.0.2.1', '192.0.2.2', 200],
  ])('takes a request from %s and one from %s: %d', async (one, other, status) => {
    const service = await limited('all=1/60s');
    await ask(service, '/polls', { from: one });

    expect((await ask(service, '/polls', { from: other })).statusCode).toBe(status);
  });

  it('believes no header about the address unless a proxy is trusted', async () => {
    const forged = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const service = await limited('all=1/60s');
    await ask(service, '/polls', forged('203.0.113.1'));
    expect((await ask(service, '/polls', forged('203.0.113.2'))).statusCode).toBe(429);

    const proxied = await limited('all=1/60s', { TRUST_PROXY: '1' });
    await ask(proxied, '/polls', forged('203.0.113.1'));
    expect((await ask(proxied, '/polls', forged('203.0.113.2'))).statusCode).toBe(200);
    expect((await ask(proxied, '/polls', forged('198.51.100.1, 203.0.113.2'))).statusCode).toBe(429);
  });

  it('counts HEAD as GET, and the routes that it names alone', async () => {
    const service = await limited('reads=1/60s;routes=GET /polls;routes=GET /stock');
    await ask(service, '/stock', { method: 'HEAD' });

    expect((await ask(service, '/polls')).statusCode).toBe(429);
    expect((await ask(service, '/stock/AMZN')).statusCode).toBe(200);
  });

  it('counts a route by its decoded parameters, however they are spelled', async () => {
    const service = await limited('colors=1/60s;routes=GET /polls/colors');
    await ask(service, '/polls/colors');

    expect((await ask(service, '/polls/%63olors')).statusCode).toBe(429);
    expect((await ask(service, '/polls/other')).statusCode).toBe(404);
  });

  it('takes its cost', async () => {
    const service = await limited('dear=10/60s;cost=5');
    expect(await statuses(service, 3, '/polls')).toEqual([200, 200, 429]);
  });

  it('never counts for health, nor for what is not there', async () => {
    const service = await limited('all=1/3600s');

    expect(await statuses(service, 5, '/healthz')).toEqual(Array(5).fill(200));
    expect(await statuses(service, 5, '/readyz')).toEqual(Array(5).fill(200));
    expect(await statuses(service, 3, '/nothing')).toEqual(Array(3).fill(404));
    expect((await ask(service, '/polls')).statusCode).toBe(200);
  });

  it('of several takes from all or from none, and names the ones that refuse', async () => {
    const service = await limited('short=2/10s,long=3/3600s');
    expect(await statuses(service, 3, '/polls')).toEqual([200, 200, 429]);
    service.clock.advance(10_000);
    // Had the refusal taken from the long one, this would be over it.
    expect((await ask(service, '/polls')).statusCode).toBe(200);
    const refusal = await ask(service, '/polls');

    expect(refusal.json()['violated-policies']).toEqual(['long']);
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(1_000);
  });

  it('of several takes from all or from none also for requests at once', async () => {
    const service = await limited('long=3/36000s,short=1/10s');
    const atOnce = await Promise.all(Array.from({ length: 5 }, () => ask(service, '/polls')));
    expect(atOnce.map(({ statusCode }) => statusCode).sort()).toEqual([200, 429, 429, 429, 429]);
    for (const status of [200, 200, 429]) {
      service.clock.advance(10_000);
      expect((await ask(service, '/polls')).statusCode).toBe(status);
    }
  });

  it('is not evaded by making up addresses', async () => {
    const service = await limited('all=1/3600s');
    const address = (at: number) => `10.0.${at >> 8}.${at & 255}`;
    for (let at = 0; at < 5_001; at++) await ask(service, '/polls', { from: address(at) });

    expect((await ask(service, '/polls', { from: address(0) })).statusCode).toBe(429);
    expect((await ask(service, '/polls', { from: address(5_000) })).statusCode).toBe(429);
  });
});

describe('the order of refusals', () => {
  it('is limit by address, key, limit by key, content type', async () => {
    const service = await limited('addresses=3/3600s,callers=1/3600s;by=key');
    const put = (headers: Record<string, string>) => ask(service, '/stock/AMZN', { method: 'PUT', headers, body: 'x' });
    const text = { 'content-type': 'text/plain' };

    expect((await put(text)).statusCode).toBe(401);
    expect((await put({ ...authorization, ...text })).statusCode).toBe(415);
    const overKey = await put({ ...authorization, ...text });
    expect([overKey.statusCode, overKey.json()['violated-policies']]).toEqual([429, ['callers']]);
    const overAddress = await put(text);
    expect([overAddress.statusCode, overAddress.json()['violated-policies']]).toEqual([429, ['addresses']]);
    expect((await ask(service, '/nothing')).statusCode).toBe(404);
    expect((await ask(service, '/stock/AMZN', { method: 'POST' })).statusCode).toBe(405);
  });

  it('lets a preflight pass by limits of keys', async () => {
    const service = await limited('callers=1/3600s;by=key', { CORS_ORIGINS: 'https://app.example.org' });
    const preflight = {
      method: 'OPTIONS' as const,
      headers: { origin: 'https://app.example.org', 'access-control-request-method': 'PUT' },
    };
    expect(await statuses(service, 3, '/stock/AMZN', preflight)).toEqual([204, 204, 204]);
    const answer = await ask(service, '/polls', { headers: { origin: 'https://app.example.org' } });
    for (const field of ['Retry-After', 'RateLimit', 'RateLimit-Policy'])
      expect(answer.headers['access-control-expose-headers']).toContain(field);
  });
});

describe('a limit by key', () => {
  it('counts a caller wherever it calls from, and hides its name', async () => {
    const service = await limited('callers=2/60s;by=key', { API_KEYS: `one=${KEY},two=another-key-0123456789` });
    const one = (from: string) => ask(service, '/queues', { from, headers: authorization });
    await one('192.0.2.1');
    const answer = await one('192.0.2.2');

    expect(answer.headers.ratelimit).toMatch(/^"callers";r=0;t=\d+;pk=:[A-Za-z0-9+/]{16}:$/);
    expect((await one('192.0.2.3')).statusCode).toBe(429);
    const two = { headers: { 'x-api-key': 'another-key-0123456789' } };
    const other = await ask(service, '/queues', two);
    expect(other.statusCode).toBe(200);
    const partition = (header: unknown) => /pk=:(.+):/.exec(String(header))?.[1];
    expect(partition(other.headers.ratelimit)).not.toBe(partition(answer.headers.ratelimit));
    expect(answer.headers.ratelimit).not.toContain('one');
  });
});

describe('a limit by poll', () => {
  it('counts the votes of a poll from everywhere, and of no other', async () => {
    const service = await limited('turnout=2/60s;by=poll;routes=POST /polls/*/votes');
    const poll = { question: 'Who?', choices: ['A', 'B'], pollId: 'other' };
    await ask(service, '/polls', { method: 'POST', headers: authorization, body: poll });
    const vote = (pollId: string, from: string, choice: string) =>
      ask(service, `/polls/${pollId}/votes`, { method: 'POST', from, body: { choice } });

    await vote('colors', '192.0.2.1', 'RED');
    await vote('colors', '192.0.2.2', 'RED');
    const refusal = await vote('colors', '192.0.2.3', 'RED');
    expect(refusal.statusCode).toBe(429);
    expect((await vote('other', '192.0.2.3', 'A')).statusCode).toBe(201);
    expect((await ask(service, '/polls/colors/results')).json().total).toBe(2);
    expect(refusal.headers.ratelimit).toMatch(/^"turnout";r=0;t=\d+;pk=:[A-Za-z0-9+/]{16}:$/);
  });

  it.each(['x'.repeat(5_000), 'x'.repeat(65), 'a%20b', '-'])('keeps nothing of %s, which is no id', async (pollId) => {
    const service = await limited('turnout=1/3600s;by=poll;routes=POST /polls/*/votes,reads=1/3600s;by=poll');
    const vote = { method: 'POST' as const, body: { choice: 'RED' } };
    for (let time = 0; time < 3; time++) {
      const refusal = await ask(service, `/polls/${pollId}/votes`, vote);
      expect([refusal.statusCode, refusal.headers.ratelimit]).toEqual([400, undefined]);
    }
  });
});

describe('a limit by sender', () => {
  const text = (service: EmbeddedApp, from: string, at: number) =>
    ask(service, '/webhooks/twilio/sms', {
      method: 'POST',
      from: '127.0.0.1',
      headers: { 'content-type': 'application/x-www-form-urlencoded', host: 'localhost' },
      body: new URLSearchParams({
        MessageSid: `SM${String(at).padStart(32, '0')}`,
        From: from,
        To: '+15559990000',
        Body: 'RED',
      }).toString(),
    });

  it('leaves texts over it unanswered and uncounted, so that Twilio calls no fallback; no other limit counts for texts', async () => {
    const service = await limited('senders=1/3600s;by=sender,all=1/3600s');
    const first = await text(service, '+15550000001', 1);
    const second = await text(service, '+15550000001', 2);
    const other = await text(service, '+15550000002', 3);

    expect(first.body).toContain('<Message>');
    expect([second.statusCode, second.body]).toEqual([200, expect.stringMatching(/<Response\/>$/)]);
    expect(other.body).toContain('<Message>');
    const total = async () => {
      service.clock.advance(3_600_000);
      return (await ask(service, '/polls/colors/results')).json().total;
    };
    expect(await eventually(total, (votes) => votes === 2)).toBe(2);
  });
});

describe('the fields of an answer', () => {
  it('tell the truth: with r left, r pass now; after t seconds one more', async () => {
    const service = await limited('all=7/20s*10;cost=2');
    let { headers } = await ask(service, '/polls');
    expect(headers['ratelimit-policy']).toBe('"all";q=5;w=29');
    for (let round = 0; round < 20; round++) {
      const { r, t } = told(headers.ratelimit).all as { r: number; t: number };
      const passed = await statuses(service, r, '/polls');
      expect(passed).toEqual(Array(r).fill(200));
      const over = await ask(service, '/polls');
      expect([over.statusCode, told(over.headers.ratelimit).all?.r]).toEqual([429, 0]);
      expect(Number(over.headers['retry-after'])).toBeGreaterThanOrEqual(Number(told(over.headers.ratelimit).all?.t));
      // What was told earlier holds as well, since nothing is taken by what is refused.
      service.clock.advance(1_000 * Math.max(t, Number(told(over.headers.ratelimit).all?.t)) + round * 777);
      headers = (await ask(service, '/polls')).headers;
      expect(told(headers.ratelimit).all).toBeDefined();
    }
  });

  it('tell nothing of a limit that counts in one process alone', async () => {
    const away = () => Promise.reject(storeUnavailable());
    const service = await limited('callers=1/3600s;by=key,addresses=9/60s', {}, (container) =>
      container.rebind(ports.limits).toConstantValue({ take: away, read: away, reset: away }),
    );
    const asked = () => ask(service, '/queues', { headers: authorization });
    const passed = await asked();
    const refused = await asked();

    expect([passed.statusCode, refused.statusCode]).toEqual([200, 429]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(3_600);
    for (const { headers } of [passed, refused]) {
      expect(Object.keys(told(headers.ratelimit))).toEqual(['addresses']);
      expect(Object.keys(told(headers['ratelimit-policy']))).toEqual(['addresses']);
    }
  });

  it('stand on what is not limited by nothing', async () => {
    const service = await limited('votes=1/1s;routes=POST /polls/*/votes');
    expect((await ask(service, '/polls')).headers.ratelimit).toBeUndefined();
  });
});

describe('a log', () => {
  const refusals = () => lines.filter(({ msg }) => msg === 'refused a request that is over a limit');

  it('names what was refused a few times a second, and not the address of who reads without a key', async () => {
    const service = await limited('all=1/3600s');
    await statuses(service, 30, '/polls');

    expect(refusals().length).toBeGreaterThan(0);
    expect(refusals().length).toBeLessThan(29);
    expect(refusals()[0]).toMatchObject({ limits: ['all'], route: '/polls', requestId: expect.any(String) });
    expect(JSON.stringify(lines)).not.toContain('192.0.2.1');
    expect((await service.app.inject('/metrics')).body).toMatch(/portside_requests_refused_total [1-9]/);
  });

  it('names the caller and the address where a key is needed', async () => {
    const service = await limited('callers=1/3600s;by=key,addresses=2/3600s');
    await statuses(service, 2, '/queues', { headers: authorization });
    await ask(service, '/queues');

    const address = '192.0.2.1';
    expect(refusals()).toEqual([
      expect.objectContaining({ limits: ['callers'], subject: 'key:test', address }),
      expect.objectContaining({ limits: ['addresses'], address }),
    ]);
    expect(refusals()[1]).not.toHaveProperty('subject');
  });
});

describe('a limit that fits no route', () => {
  it.each([
    ['a=1/1s;routes=GET /nothing', /\ba\b.*GET \/nothing/],
    ['a=1/1s;routes=GET /polls;routes=PUT /polls', /\ba\b.*PUT \/polls/],
    ['a=1/1s;by=poll;routes=GET /queues', /\ba\b.*GET \/queues/],
    ['a=1/1s;by=sender;routes=GET /polls', /\ba\b.*GET \/polls/],
    ['a=1/1s;by=key;routes=POST /polls/*/votes', /\ba\b.*POST \/polls\/\*\/votes/],
    ['a=1/1s;routes=POST /webhooks/twilio/sms', /\ba\b.*POST \/webhooks\/twilio\/sms/],
    ['a=1/1s;routes=GET /healthz', /\ba\b.*GET \/healthz/],
  ])('%s is refused at the start', async (LIMITS, message) => {
    const refusal = embeddedApp({ LIMITS });
    await expect(refusal).rejects.toThrow(ConfigError);
    await expect(refusal).rejects.toThrow(message);
  });
});
