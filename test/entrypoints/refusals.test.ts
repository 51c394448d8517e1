import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generalProblems } from '../../src/entrypoints/http/problems.ts';
import { problems as stocksProblems } from '../../src/entrypoints/http/stocks/problems.ts';
import { problems as votesProblems } from '../../src/entrypoints/http/votes/problems.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { type HttpAnswer, injecting, type Send } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { exchangeBytes, overSocket, parseAnswer } from '../helpers/raw-http.ts';
import { orderOfRefusals, type Refusal, refusals } from '../scenarios/refusals.ts';
import { socketRefusals } from '../scenarios/socket-refusals.ts';

const problems: Readonly<Record<string, { title: string }>> = {
  ...generalProblems,
  ...votesProblems,
  ...stocksProblems,
};

/** Every refusal has the same shape, whoever found the mistake: a route, Fastify or Node. */
function expectRefusal(answer: HttpAnswer, { status, code, path }: Pick<Refusal, 'status' | 'code' | 'path'>): void {
  const { headers, body } = answer;
  const problem = JSON.parse(body);
  expect({ status: answer.status, code: problem.code }).toEqual({ status, code });
  expect(headers['content-type']).toBe('application/problem+json');
  expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
  expect(headers['x-request-id']).toMatch(/^[0-9A-Z]{26}$/);
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['content-security-policy']).toContain("default-src 'self'");
  expect(problem).toEqual({
    type: `/errors/${code}`,
    title: problems[code]?.title,
    status,
    detail: expect.stringMatching(/.{10}/),
    code,
    ...(status === 400 ? { errors: expect.any(Array) } : {}),
  });
  expect(body).not.toMatch(/node_modules|\.ts:|FST_/);
  if (status === 405) expect(headers.allow).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  if (status === 401) expect(headers['www-authenticate']).toBe('Bearer');
  if (path !== undefined) expect(problem.errors.map((issue: { path: string }) => issue.path)).toContain(path);
  for (const issue of problem.errors ?? [])
    expect(issue).toEqual({ path: expect.any(String), message: expect.stringMatching(/./) });
}

let service: EmbeddedApp;
let port: number;
let conforms: ReturnType<typeof conformanceTo>;

beforeAll(async () => {
  service = await embeddedApp();
  port = Number(new URL(await service.app.listen({ host: '127.0.0.1', port: 0 })).port);
  conforms = conformanceTo((await service.app.inject('/openapi.json')).json());
});
afterAll(() => service.close());

const tables = [
  ['is refused', refusals],
  ['is refused for its first mistake', orderOfRefusals],
] as const;

const ways: readonly (readonly [string, () => Send])[] = [
  ['by inject', () => injecting(service.app)],
  ['over a socket', () => overSocket(port)],
];

describe.each(ways)('a bad request %s', (_, way) => {
  describe.each(tables)('%s', (_, table) => {
    it.each(table.map((refusal) => [refusal.what, refusal] as const))('%s', async (_, refusal) => {
      const send = way();

      const answer = await send(refusal.request);
      const next = await send({ url: '/polls/colors' });

      expectRefusal(answer, refusal);
      expect(conforms(refusal.request, answer)).toBeUndefined();
      expect(next.status).toBe(200);
    });
  });
});

describe('bytes on a socket that are refused:', () => {
  it.each(socketRefusals.map((refusal) => [refusal.what, refusal] as const))('%s', async (_, refusal) => {
    const answer = parseAnswer(await exchangeBytes(port, refusal.bytes, { end: refusal.end }));
    const next = await overSocket(port)({ url: '/polls/colors' });

    expectRefusal(answer, refusal);
    expect(next.status).toBe(200);
  });
});

describe('a value that is none of those allowed', () => {
  const put = { method: 'PUT', url: '/queues/q', headers: authorization };
  const create = { method: 'POST', url: '/polls', headers: authorization };
  const poll = { question: 'Which?', choices: ['A', 'B'] };

  it.each([
    ['voterLimit', { ...create, body: { ...poll, voterLimit: 'three' } }, 'none, one'],
    ['voterLimit', { ...create, body: { ...poll, voterLimit: 3 } }, 'none, one'],
    ['order', { ...put, body: { order: 'random' } }, 'lifo, fifo, adaptive'],
    [
      'status',
      { url: '/queues/q/tasks?status=DONE', headers: authorization },
      'PENDING, TAKEN, FAILURE, SHED, CANCELLED',
    ],
  ])('is told which are, once: %s', async (path, request, values) => {
    const { errors } = JSON.parse((await injecting(service.app)(request)).body);

    expect(errors).toEqual([{ path, message: `must be one of: ${values}` }]);
  });
});

describe('the refusals', () => {
  it('have counted nothing', async () => {
    const { total } = (await service.app.inject('/polls/colors/results')).json();
    const { polls } = (await service.app.inject('/polls')).json();

    expect(total).toBe(0);
    expect(polls).toHaveLength(1);
  });

  it('are more than a hundred kinds', () => {
    const kinds = [...refusals, ...orderOfRefusals, ...socketRefusals].map(({ what }) => what);

    expect(kinds.length).toBeGreaterThan(300);
    expect(new Set(kinds).size).toBe(kinds.length);
  });
});
