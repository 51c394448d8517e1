import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

let service: EmbeddedApp;
beforeAll(async () => {
  service = await embeddedApp();
});
afterAll(() => service.close());

/** Each test has a thing of its own. */
let id = 'x0';
beforeEach(() => {
  id = `x${Number(id.slice(1)) + 1}`;
});

const things = [
  { what: 'stock', path: '/stock', body: (n: number) => ({ value: `${n}.00` }) },
  { what: 'queue', path: '/queues', body: (n: number) => ({ leaseSeconds: n }) },
];

const request = (method: 'GET' | 'HEAD' | 'PUT' | 'DELETE', url: string, headers = {}, payload?: object) =>
  service.app.inject({ method, url, headers: { ...authorization, ...headers }, ...(payload ? { payload } : {}) });

describe.each(things)('the ETag of a $what', ({ path, body }) => {
  const url = () => `${path}/${id}`;
  const put = (n: number, headers = {}) => request('PUT', url(), headers, body(n));
  const etagNow = async () => String((await request('GET', url())).headers.etag);

  it('is of what was put last, in every answer that tells of it', async () => {
    const first = await put(1);
    const tag = String(first.headers.etag);

    expect(tag).toMatch(/^"[^"]+"$/);
    expect(await etagNow()).toBe(tag);
    expect((await request('HEAD', url())).headers.etag).toBe(tag);
    const second = await put(2);
    expect(second.headers.etag).not.toBe(tag);
    expect(await etagNow()).toBe(second.headers.etag);
    expect((await request('GET', url(), { 'if-none-match': await etagNow() })).statusCode).toBe(200);
  });

  it.each<[string, (tag: string) => Record<string, string>, number]>([
    ['its own', (tag) => ({ 'if-match': tag }), 200],
    ['its own among others', (tag) => ({ 'if-match': `"a,b" , ,W/"w",${tag}` }), 200],
    ['any', () => ({ 'if-match': '*' }), 200],
    ['another', () => ({ 'if-match': '"other"' }), 412],
    ['others', () => ({ 'if-match': '"other", "x"' }), 412],
    ['its own, which is weak', (tag) => ({ 'if-match': `W/${tag}` }), 412],
    ['a beginning of its own', (tag) => ({ 'if-match': `${tag.slice(0, -2)}"` }), 412],
    ['none', () => ({ 'if-none-match': '*' }), 412],
    ['none of its own', (tag) => ({ 'if-none-match': tag }), 412],
    ['none of its own, which is weak', (tag) => ({ 'if-none-match': `"x", W/${tag}` }), 412],
    ['none of another', () => ({ 'if-none-match': '"other"' }), 200],
    ['its own, and none of its own', (tag) => ({ 'if-match': tag, 'if-none-match': tag }), 412],
    ['its own, and none of another', (tag) => ({ 'if-match': tag, 'if-none-match': '"other"' }), 200],
    ['without quotation marks', (tag) => ({ 'if-match': tag.slice(1, -1) }), 400],
    ['nothing', () => ({ 'if-match': '' }), 400],
    ['an open end', () => ({ 'if-match': '"x' }), 400],
    ['any and one', (tag) => ({ 'if-match': `*, ${tag}` }), 400],
    ['two without a comma', () => ({ 'if-match': '"x" "y"' }), 400],
    ['a small w', () => ({ 'if-none-match': 'w/"x"' }), 400],
    ['a blank in a tag', () => ({ 'if-none-match': '"x y"' }), 400],
  ])('decides about a PUT that names %s', async (_, headersFor, status) => {
    const tag = String((await put(1)).headers.etag);
    const headers = headersFor(tag);

    const answer = await put(2, headers);

    expect(answer.statusCode).toBe(status);
    expect((await etagNow()) === tag).toBe(status !== 200);
    if (status === 412) expect(answer.json()).toMatchObject({ code: 'PRECONDITION_FAILED', status: 412 });
    if (status === 400) expect(answer.json()).toMatchObject({ errors: [{ path: Object.keys(headers)[0] }] });
  });

  it('does not exist before it is put', async () => {
    expect((await put(1, { 'if-match': '*' })).statusCode).toBe(412);
    expect((await put(1, { 'if-match': '"x"' })).statusCode).toBe(412);
    expect((await request('GET', url())).statusCode).toBe(404);
    expect((await put(1, { 'if-none-match': '*' })).statusCode).toBeLessThan(300);
    expect((await put(2, { 'if-none-match': '*' })).statusCode).toBe(412);
  });

  it('lets one of many change what all of them have read', async () => {
    const tag = String((await put(1)).headers.etag);

    const answers = await Promise.all([2, 3, 4, 5, 6, 7].map((n) => put(n, { 'if-match': tag })));

    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 412, 412, 412, 412, 412]);
    expect(answers.find(({ statusCode }) => statusCode === 200)?.headers.etag).toBe(await etagNow());
  });

  it('decides about its removal, which has nothing to decide the second time', async () => {
    const remove = async (headers: object) => (await request('DELETE', url(), headers)).statusCode;
    const tag = String((await put(1)).headers.etag);

    expect(await remove({ 'if-match': '"other"' })).toBe(412);
    expect(await remove({ 'if-none-match': '*' })).toBe(412);
    expect(await remove({ 'if-match': 'x' })).toBe(400);
    expect(await remove({ 'if-match': tag })).toBe(204);
    expect(await remove({ 'if-match': tag })).toBe(404);
  });

  it('comes after the content', async () => {
    await put(1);
    const answer = await request('PUT', url(), { 'if-match': '"other"' }, { nonsense: 1 });
    expect(answer.statusCode).toBe(400);
  });
});

describe('the ETag of a queue', () => {
  const remove = (headers = {}) => request('DELETE', `/queues/${id}`, headers);

  it('changes neither with what the queue does nor with a pause', async () => {
    const tag = (await request('PUT', `/queues/${id}`, {}, {})).headers.etag;
    await service.app.inject({ method: 'POST', url: `/queues/${id}/pause`, headers: authorization });
    await service.app.inject({
      method: 'POST',
      url: `/queues/${id}/tasks`,
      headers: authorization,
      payload: { payload: 1 },
    });

    expect((await request('GET', `/queues/${id}`)).headers.etag).toBe(tag);
  });

  it('names a secret too, which nobody is shown', async () => {
    const runner = (secret: string) => ({ runner: { url: 'http://127.0.0.1:9/', secret } });
    const tag = String((await request('PUT', `/queues/${id}`, {}, runner('a-secret-of-mine-1'))).headers.etag);
    await request('PUT', `/queues/${id}`, {}, runner('a-secret-of-mine-2'));

    expect((await request('PUT', `/queues/${id}`, { 'if-match': tag }, runner('***'))).statusCode).toBe(412);
  });

  it('decides about the removal of its tasks', async () => {
    const tag = String((await request('PUT', `/queues/${id}`, {}, {})).headers.etag);
    const url = `/queues/${id}/tasks`;
    await service.app.inject({ method: 'POST', url, headers: authorization, payload: { payload: 1 } });
    const purge = async (headers: object) => {
      const { statusCode, body } = await request('DELETE', `${url}?status=PENDING`, headers);
      return [statusCode, JSON.parse(body).removed];
    };

    expect(await purge({ 'if-match': '"other"' })).toEqual([412, undefined]);
    expect(await purge({ 'if-none-match': '*' })).toEqual([412, undefined]);
    expect(await purge({ 'if-match': 'x' })).toEqual([400, undefined]);
    expect(await purge({ 'if-match': tag })).toEqual([200, 1]);
    expect((await request('DELETE', `/queues/${id}-2/tasks?status=PENDING`, { 'if-match': '*' })).statusCode).toBe(412);
  });

  it('is never that of an earlier queue of the same name', async () => {
    const tag = String((await request('PUT', `/queues/${id}`, {}, { leaseSeconds: 9 })).headers.etag);
    await remove();
    await request('PUT', `/queues/${id}`, {}, { leaseSeconds: 9 });

    expect((await request('PUT', `/queues/${id}`, { 'if-match': tag }, {})).statusCode).toBe(412);
    expect((await remove({ 'if-match': tag })).statusCode).toBe(412);
  });
});
