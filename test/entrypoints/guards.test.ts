import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ContainerModule } from 'inversify';
import { DomainError } from '../../src/domain/shared/domain-error.ts';
import { defineContext } from '../../src/entrypoints/composition/context.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import type { Caller, Guards } from '../../src/entrypoints/http/guards.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

type Stage = 'admitAddress' | 'identify' | 'admitCaller' | 'authorize' | 'admitSender';

/** Stages that were asked, and the one that refuses. */
let asked: Stage[] = [];
let refusing: { readonly stage: Stage; readonly code: string } | undefined;
const ask = (stage: Stage): void => {
  asked.push(stage);
  if (refusing?.stage === stage) throw new DomainError(refusing.code, 'Refused.');
};

const ann: Caller = { subjects: ['sub:ann', 'group:crew'] };
const guards: Guards = {
  admitAddress: () => ask('admitAddress'),
  identify: async ({ headers }) => {
    ask('identify');
    return headers.authorization === 'Bearer token-of-ann' ? ann : undefined;
  },
  admitCaller: () => ask('admitCaller'),
  authorize: async () => ask('authorize'),
  admitSender: (sender) => {
    ask('admitSender');
    return sender !== '+15550000002';
  },
};
const gate = defineContext({
  name: 'gate',
  settings: {},
  module: () => new ContainerModule(() => undefined),
  routes: () => async () => undefined,
  problems: {},
  tables: () => [],
  guards: (_, __, keyNames) => {
    expect(keyNames).toEqual(['test']);
    return guards;
  },
});

const token = { authorization: 'Bearer token-of-ann' };
let service: EmbeddedApp;
const lines: { readonly [field: string]: unknown }[] = [];
beforeAll(async () => {
  const log = { write: (line: string) => void lines.push(JSON.parse(line)) };
  // The gate stands in place of the policies.
  const others = contexts.filter(({ name }) => name !== 'access');
  service = await embeddedApp({ METRICS_KEY: 'key-of-metrics-0123' }, { contexts: [...others, gate], log });
});
afterAll(() => service.close());
afterEach(() => {
  asked = [];
  refusing = undefined;
  lines.splice(0);
});

const recount = (headers: Record<string, string>, contentType = 'application/json') =>
  service.app.inject({
    method: 'POST',
    url: '/polls/colors/recount',
    headers: { ...headers, 'content-type': contentType },
    payload: '{}',
  });

describe('a request', () => {
  it.each<[string, object, Stage[], number]>([
    ['with a key', authorization, ['admitAddress', 'admitCaller', 'authorize'], 200],
    ['with a token', token, ['admitAddress', 'identify', 'admitCaller', 'authorize'], 200],
    ['with neither', {}, ['admitAddress', 'identify'], 401],
  ])('%s passes all stages in their order', async (_, headers, stages, status) => {
    expect((await recount(headers as Record<string, string>)).statusCode).toBe(status);
    expect(asked).toEqual(stages);
  });

  it.each<[Stage, string, number]>([
    ['admitAddress', 'TOO_MANY_REQUESTS', 429],
    ['identify', 'UNAUTHORIZED', 401],
    ['admitCaller', 'TOO_MANY_REQUESTS', 429],
    ['authorize', 'FORBIDDEN', 403],
  ])('is refused by %s with %s, before anything that is asked later', async (stage, code, status) => {
    refusing = { stage, code };
    const answer = await recount(token, 'text/plain');

    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(asked.at(-1)).toBe(stage);
  });

  it.each<[string, 'GET' | 'PUT', number]>([
    ['/nothing/here', 'GET', 404],
    ['/polls/colors/recount', 'PUT', 405],
  ])('to %s by %s is refused before any stage', async (url, method, status) => {
    expect((await service.app.inject({ url, method, headers: token })).statusCode).toBe(status);
    expect(asked).toEqual([]);
  });

  it('that needs no key passes the limits of its address alone', async () => {
    expect((await service.app.inject({ url: '/openapi.json', headers: token })).statusCode).toBe(200);
    expect(asked).toEqual(['admitAddress']);
  });

  it.each(['UNAUTHORIZED', 'FORBIDDEN'])('counts as one without a key where that only shows more: %s', async (code) => {
    refusing = { stage: 'authorize', code };
    const answer = await service.app.inject({ url: '/polls/colors/results', headers: token });

    expect(answer.statusCode).toBe(200);
  });

  it.each(['TOO_MANY_REQUESTS', 'STORE_UNAVAILABLE'])('is refused there, too, for other reasons: %s', async (code) => {
    refusing = { stage: 'authorize', code };
    const answer = await service.app.inject({ url: '/polls/colors/results', headers: token });

    expect(answer.json().code).toBe(code);
  });

  it('with a key that one route alone takes is subject to no policy', async () => {
    const headers = { authorization: 'Bearer key-of-metrics-0123' };
    expect((await service.app.inject({ url: '/metrics', headers })).statusCode).toBe(200);
    expect(asked).toEqual(['admitAddress']);
  });

  it('is told of in the log by its first subject', async () => {
    await recount(token);
    expect(lines.find(({ msg }) => msg === 'request completed')).toMatchObject({
      subject: 'sub:ann',
      address: '127.0.0.1',
    });
  });

  it('by a token that closes a poll leaves no name there', async () => {
    const poll = { question: 'Who?', choices: ['A', 'B'], pollId: 'closed-by-ann' };
    await service.app.inject({ method: 'POST', url: '/polls', headers: token, payload: poll });
    const answer = await service.app.inject({ method: 'POST', url: '/polls/closed-by-ann/close', headers: token });

    expect(answer.json()).toMatchObject({ closedBy: 'token' });
  });
});

describe('a text message', () => {
  const text = (from: string) =>
    service.app.inject({
      method: 'POST',
      url: '/webhooks/twilio/sms',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        MessageSid: `SM${from.slice(1).padStart(32, '0')}`,
        From: from,
        To: '+15559990000',
        Body: 'RED',
      }).toString(),
    });

  it('is answered to who may send it, and is nothing from others', async () => {
    const taken = await text('+15550000001');
    const refused = await text('+15550000002');

    expect([taken.statusCode, taken.body]).toEqual([200, expect.stringContaining('<Message>')]);
    expect([refused.statusCode, refused.body]).toEqual([200, expect.not.stringContaining('<Message>')]);
    expect(asked.filter((stage) => stage === 'admitSender')).toHaveLength(2);
    const { total } = (await service.app.inject('/polls/colors/results')).json();
    expect(total).toBe(1);
  });
});
