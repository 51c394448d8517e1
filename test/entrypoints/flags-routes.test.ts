import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CurrentFlagSets } from '../../src/domain/flags/current-flag-sets.ts';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { system } from '../../src/entrypoints/composition/compose.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

const FLAG = {
  type: 'boolean',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  state: 'ENABLED',
} as const;

let service: EmbeddedApp;
/** A set for each test. */
let set = '';
let made = 0;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  service = await embeddedApp({}, { log: { write: (line: string) => void lines.push(JSON.parse(line)) } });
});
afterAll(() => service.close());
beforeEach(() => {
  set = `web-${++made}`;
  lines.length = 0;
});

async function send(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object, headers = {}) {
  const answer = await service.app.inject({
    method,
    url,
    ...(payload ? { payload } : {}),
    headers: { ...authorization, ...headers },
  });
  const body = answer.body === '' ? undefined : answer.json();
  return { status: answer.statusCode, headers: answer.headers, body };
}

const put = (key: string, fields: object = {}, headers = {}) =>
  send('PUT', `/flag-sets/${set}/flags/${key}`, { ...FLAG, ...fields }, headers);
const evaluate = (key: string, context: object = {}) =>
  send('POST', `/flag-sets/${set}/ofrep/v1/evaluate/flags/${key}`, { context });

describe('flag sets', () => {
  it('are made, listed, read and deleted, and their ids are not given again', async () => {
    const made = await send('POST', '/flag-sets', { setId: set, title: 'Website' });
    expect(made).toMatchObject({
      status: 201,
      headers: { location: `/flag-sets/${set}`, etag: '"0"' },
      body: { setId: set, title: 'Website', revision: 0, flags: [] },
    });
    expect(await send('POST', '/flag-sets', { setId: set })).toMatchObject({
      status: 409,
      body: { code: 'FLAGS_SET_EXISTS' },
    });
    const other = await send('POST', '/flag-sets', {});
    expect(other.body.setId).toMatch(/^[0-9A-Z]{26}$/);
    expect((await send('GET', '/flag-sets?limit=1')).body).toMatchObject({
      flagSets: [{ setId: other.body.setId }],
      nextCursor: expect.any(String),
    });
    expect((await send('GET', `/flag-sets/${set}`, undefined, { 'if-none-match': '"0"' })).status).toBe(304);

    expect((await send('DELETE', `/flag-sets/${set}`, undefined, { 'if-match': '"1"' })).status).toBe(412);
    expect((await send('DELETE', `/flag-sets/${set}`)).status).toBe(204);
    for (const [method, path] of [
      ['DELETE', ''],
      ['GET', ''],
      ['GET', '/history'],
    ] as const)
      expect((await send(method, `/flag-sets/${set}${path}`)).body).toMatchObject({ code: 'FLAGS_SET_NOT_FOUND' });
    expect((await put('a')).body).toMatchObject({ code: 'FLAGS_SET_NOT_FOUND' });
    expect(await send('POST', '/flag-sets', { setId: set })).toMatchObject({ status: 409 });
    expect((await evaluate('a')).body).toMatchObject({ key: 'a', errorCode: 'FLAG_NOT_FOUND' });
  });

  it('need a key on every route', async () => {
    for (const [method, url] of [
      ['POST', '/flag-sets'],
      ['GET', '/flag-sets'],
      ['GET', `/flag-sets/${set}`],
      ['PUT', `/flag-sets/${set}/flags/a`],
      ['DELETE', `/flag-sets/${set}/flags/a`],
      ['GET', `/flag-sets/${set}/history`],
      ['POST', `/flag-sets/${set}/revert`],
      ['POST', `/flag-sets/${set}/ofrep/v1/evaluate/flags/a`],
      ['POST', `/flag-sets/${set}/ofrep/v1/evaluate/flags`],
    ] as const)
      expect((await service.app.inject({ method, url })).statusCode).toBe(401);
  });
});

describe('flags', () => {
  beforeEach(() => send('POST', '/flag-sets', { setId: set }));

  it('are put whole, under the revision that their editor has seen', async () => {
    expect(await put('a', { reason: 'first' })).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      body: { revision: 1, flag: { key: 'a', ...FLAG } },
    });
    const races = await Promise.all(
      ['one', 'two'].map((description) => put('a', { description }, { 'if-match': '"1"' })),
    );
    expect(races.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect((await put('b', {}, { 'if-match': '"2"' })).status).toBe(201);
    expect((await put('b', {}, { 'if-none-match': '*' })).status).toBe(412);
    expect((await send('DELETE', `/flag-sets/${set}/flags/b`, undefined, { 'if-match': '"2"' })).status).toBe(412);
    expect(await send('DELETE', `/flag-sets/${set}/flags/b`)).toMatchObject({ status: 200, body: { revision: 4 } });
    expect(await send('DELETE', `/flag-sets/${set}/flags/b`)).toMatchObject({
      status: 404,
      body: { code: 'FLAGS_NOT_FOUND' },
    });
    expect((await send('GET', `/flag-sets/${set}`)).body).toMatchObject({ revision: 4, flags: [{ key: 'a' }] });

    const changes = lines.filter(({ flag }) => flag !== undefined);
    expect(changes.map(({ msg, flag }) => [msg, flag])).toEqual([
      ['flag created', `${set}/a`],
      ['flag changed', `${set}/a`],
      ['flag created', `${set}/b`],
      ['flag deleted', `${set}/b`],
    ]);
    expect(changes[1]).toMatchObject({ subject: 'key:test', before: FLAG, after: { description: expect.any(String) } });
  });

  it.each([
    [{ defaultVariant: 'none' }, 'defaultVariant'],
    [{ variants: { on: 'yes', off: false } }, 'variants.on'],
    [{ rules: [{ if: [{ attribute: 'a', op: 'like', values: [1] }], serve: 'on' }] }, 'rules[0].if[0].op'],
    [{ rules: [{ if: [{ attribute: 'a', op: 'lt', values: ['x'] }], serve: 'on' }] }, 'rules[0].if[0].values[0]'],
    [{ rules: [{ if: [], serve: { rollout: [['on', 0.5]] } }] }, 'rules[0].serve.rollout[0][1]'],
    [{ rules: [{ if: [], serve: { rollout: [['on', 1, 2]] } }] }, 'rules[0].serve.rollout[0]'],
    [{ rules: [{ if: [], serve: 'up' }] }, 'rules[0].serve'],
    [{ unknown: 1 }, 'unknown'],
  ])('%j is refused at %s', async (fields, path) => {
    const { status, body } = await put('a', fields);
    expect([status, body.code]).toEqual([400, 'INVALID_REQUEST']);
    expect(body.errors.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it('are refused for their content before the set is looked at', async () => {
    await put('a');
    const wrong = { defaultVariant: 'none' };
    expect((await put('a', wrong, { 'if-match': '"9"' })).status).toBe(400);
    expect((await put('a', {}, { 'if-match': '"9"' })).status).toBe(412);
    const needs = { rules: [{ if: [{ attribute: 'gone', op: 'flag', values: ['on'] }], serve: 'on' }] };
    expect((await put('a', needs, { 'if-match': '"9"' })).status).toBe(412);
    set = 'none';
    expect((await put('a', wrong)).status).toBe(400);
    expect((await put('a')).status).toBe(404);
  });

  it('are put with * by whether the flag itself is there', async () => {
    await put('a');
    const [isThere, isNot] = [{ 'if-match': '*' }, { 'if-none-match': '*' }];
    expect((await put('a', {}, isNot)).status).toBe(412);
    expect((await put('b', {}, isThere)).status).toBe(412);
    expect((await put('b', {}, isNot)).status).toBe(201);
    expect((await put('b', {}, isThere)).status).toBe(200);
    expect((await put('c', {}, { 'if-none-match': '"3"' })).status).toBe(412);
    const twice = await Promise.all([put('d', {}, isNot), put('d', {}, isNot)]);
    expect(twice.map(({ status }) => status).sort()).toEqual([201, 412]);
    const remove = (key: string) => send('DELETE', `/flag-sets/${set}/flags/${key}`, undefined, isThere);
    expect((await remove('d')).status).toBe(200);
    expect((await remove('d')).status).toBe(412);
  });

  it('are never left with a cycle, also when two are put at once', async () => {
    const needs = (key: string) => ({ rules: [{ if: [{ attribute: key, op: 'flag', values: ['on'] }], serve: 'on' }] });
    for (const key of ['a', 'b']) await put(key);
    const both = await Promise.all([put('a', needs('b')), put('b', needs('a'))]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(both.find(({ status }) => status === 409)?.body.code).toBe('FLAGS_CYCLE');
  });

  it('have a history that is never cut, and can be brought back to any point of it', async () => {
    await put('a', { reason: 'new' });
    await put('b');
    await put('a', { defaultVariant: 'on' });
    await send('DELETE', `/flag-sets/${set}/flags/b`, { reason: 'done' });
    const reverted = await send('POST', `/flag-sets/${set}/revert`, { to: 2, reason: 'broken' });
    expect(reverted).toMatchObject({ status: 200, body: { revision: 5, flags: [{ key: 'a' }, { key: 'b' }] } });
    expect(reverted.body.flags[0]).toEqual({ key: 'a', ...FLAG });

    const { history } = (await send('GET', `/flag-sets/${set}/history`)).body;
    expect(history).toHaveLength(6);
    expect(history.at(-1)).toEqual({
      revision: 1,
      at: expect.any(String),
      by: 'test',
      key: 'a',
      before: null,
      after: { key: 'a', ...FLAG },
      reason: 'new',
    });
    expect(history.find(({ revision }: { revision: number }) => revision === 4)).toMatchObject({
      after: null,
      reason: 'done',
    });
    expect((await send('POST', `/flag-sets/${set}/revert`, { to: 0 })).body).toMatchObject({ revision: 6, flags: [] });
    expect((await send('POST', `/flag-sets/${set}/revert`, { to: 5 })).body.flags).toEqual(reverted.body.flags);
    expect((await send('POST', `/flag-sets/${set}/revert`, { to: 9 })).body.code).toBe('FLAGS_REVISION_NOT_FOUND');
  });

  it('refuse a revert that changes more flags than one revision may', async () => {
    for (let index = 0; index <= 40; index++) await put(`flag-${index}`);
    expect(await send('POST', `/flag-sets/${set}/revert`, { to: 0 })).toMatchObject({
      status: 409,
      body: { code: 'FLAGS_REVERT_TOO_LARGE' },
    });
    expect((await send('POST', `/flag-sets/${set}/revert`, { to: 1 })).body.flags).toHaveLength(1);
  });

  it('turn at the instant that a rule names, in a revision that the schedule makes', async () => {
    const { clock } = service;
    const instant = new Date(clock.now() + 60_000).toISOString();
    const rules = [{ if: [{ attribute: 'now', op: 'after', values: [instant] }], serve: 'on' }];
    await put('a', { rules });
    clock.advance(59_999);
    expect((await evaluate('a')).body).toMatchObject({ value: false, metadata: { revision: 1 } });
    clock.advance(1);
    expect((await evaluate('a')).body).toMatchObject({ value: true, metadata: { revision: 2 } });
    clock.advance(60_000);
    expect((await send('GET', `/flag-sets/${set}`)).body.revision).toBe(2);
    expect((await send('GET', `/flag-sets/${set}/history`)).body.history[0]).toMatchObject({
      revision: 2,
      by: 'schedule',
      key: null,
      before: null,
      after: null,
    });
  });
});

describe('evaluation', () => {
  beforeEach(async () => {
    await send('POST', '/flag-sets', { setId: set });
    await put('plain');
    await put('gone', { state: 'DISABLED' });
    await put('split', {
      rules: [
        {
          if: [],
          serve: {
            rollout: [
              ['on', 1],
              ['off', 1],
            ],
          },
        },
      ],
    });
  });

  it('answers for one flag as OFREP says', async () => {
    expect(await evaluate('plain')).toMatchObject({
      status: 200,
      body: { key: 'plain', value: false, variant: 'off', reason: 'STATIC', metadata: { revision: 3 } },
    });
    const disabled = await evaluate('gone');
    expect(disabled.body).toEqual({ key: 'gone', reason: 'DISABLED', metadata: { revision: 3 } });
    expect((await evaluate('split', { targetingKey: 'u1' })).body).toMatchObject({ reason: 'SPLIT' });
    expect(await evaluate('split')).toMatchObject({
      status: 400,
      body: { key: 'split', errorCode: 'TARGETING_KEY_MISSING' },
    });
    expect(await evaluate('none')).toMatchObject({ status: 404, body: { key: 'none', errorCode: 'FLAG_NOT_FOUND' } });
    expect(await evaluate('split', { targetingKey: 3 })).toMatchObject({
      status: 400,
      body: { key: 'split', errorCode: 'INVALID_CONTEXT' },
    });
    const url = `/flag-sets/${set}/ofrep/v1/evaluate/flags/plain`;
    expect((await send('POST', url, {})).body).toMatchObject({ value: false, reason: 'STATIC' });
    for (const context of [null, [], 'u1'])
      expect((await send('POST', url, { context })).body).toMatchObject({ key: 'plain', errorCode: 'INVALID_CONTEXT' });
    expect((await send('POST', url, [])).body).toMatchObject({ errorCode: 'PARSE_ERROR' });
    expect(await send('POST', `${url}?unknown=1`, {})).toMatchObject({ status: 400, body: { errorCode: 'GENERAL' } });
    const broken = await service.app.inject({
      method: 'POST',
      url,
      payload: '{',
      headers: { ...authorization, 'content-type': 'application/json' },
    });
    expect([broken.statusCode, broken.json().errorCode]).toEqual([400, 'PARSE_ERROR']);
    expect((await evaluate('%3Cscript%3E')).status).toBe(404);
  });

  it('goes on where the time of the store is not known and the store does not tell it', async () => {
    const resume = jest
      .spyOn(service.container.get(system.lifecycle), 'resume')
      .mockImplementation(() => Promise.reject(storeUnavailable()));
    try {
      expect((await put('plain')).status).toBe(503);
      expect(await evaluate('plain')).toMatchObject({ status: 200, body: { value: false } });
      expect((await send('POST', `/flag-sets/${set}/ofrep/v1/evaluate/flags`, {})).status).toBe(200);
    } finally {
      resume.mockRestore();
    }
  });

  it('is at least of the revision that a client names, as far as there is one', async () => {
    const url = `/flag-sets/${set}/ofrep/v1/evaluate/flags`;
    const read = jest.spyOn(service.container.get(CurrentFlagSets), 'read');
    const answers: unknown[] = [];
    for (const [query, etag] of [
      ['', '"2-x"'],
      ['', 'W/"999999999999999-x-stale"'],
      ['', '"99999999999999999999999", "-3", "7a", "8"'],
      ['?flagConfigEtag=%2212%22', 'x'],
      ['?flagConfigEtag=13', '"12-x"'],
    ] as const)
      answers.push((await send('POST', `${url}${query}`, {}, { 'if-none-match': etag })).body?.metadata);
    expect(answers).toEqual(Array(5).fill({ revision: 3 }));
    expect(read.mock.calls).toEqual([2, 999_999_999_999_999, 8, 12, 13].map((revision) => [set, revision]));
    read.mockRestore();
  });

  it('answers for all flags, and not again while neither the set nor the context has changed', async () => {
    const url = `/flag-sets/${set}/ofrep/v1/evaluate/flags`;
    const first = await send('POST', url, { context: {} });
    expect(first.status).toBe(200);
    expect(first.body.flags).toEqual([
      { key: 'gone', reason: 'DISABLED' },
      { key: 'plain', reason: 'STATIC', variant: 'off', value: false },
      { key: 'split', errorCode: 'TARGETING_KEY_MISSING', errorDetails: expect.any(String) },
    ]);
    expect(JSON.stringify(first.body)).not.toContain('rollout');
    const known = { 'if-none-match': first.headers.etag };
    expect((await send('POST', url, { context: {} }, known)).status).toBe(304);
    expect(
      (await send('POST', `${url}?flagConfigEtag=x&flagConfigLastModified=1`, { context: {} }, known)).status,
    ).toBe(304);
    expect((await send('POST', url, { context: { a: 1 } }, known)).status).toBe(200);
    expect((await send('POST', url, {}, known)).status).toBe(304);
    await put('plain', { defaultVariant: 'on' });
    expect(await send('POST', url, { context: {} }, known)).toMatchObject({
      status: 200,
      body: { metadata: { revision: 4 } },
    });
    expect(await send('POST', '/flag-sets/none/ofrep/v1/evaluate/flags', { context: {} })).toMatchObject({
      status: 404,
    });
  });
});
