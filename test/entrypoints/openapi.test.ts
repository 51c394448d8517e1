import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { generalProblems } from '../../src/entrypoints/http/problems.ts';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { conformanceTo, type OpenApiDocument, schemaCheck } from '../helpers/openapi-conformance.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: object;
}
interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Record<string, unknown>; readonly required?: boolean };
  readonly responses: Record<string, { description: string; content?: Record<string, unknown>; headers?: object }>;
}

/** What the contract says of each route: where its answer is, what refuses it, and what it takes. */
interface Route {
  readonly answers: Record<number, string | readonly string[] | undefined>;
  readonly refusals: readonly number[];
  readonly parameters?: readonly string[];
  readonly body?: string;
  readonly bodyIsOptional?: true;
  /** Whether it needs a key, or shows more to those who have one. */
  readonly key?: true | 'optional';
}

const JSON_TYPE = 'application/json';
const always = [400, 413, 500];
/** Which no limit of requests counts for. */
const neverLimited = ['GET /healthz', 'GET /readyz', 'POST /webhooks/twilio/sms'];
const routes: Readonly<Record<string, Route>> = {
  'POST /polls': { answers: { 201: JSON_TYPE }, refusals: [401, 403, 409, 415, 503], body: JSON_TYPE, key: true },
  'GET /polls': {
    answers: { 200: JSON_TYPE },
    refusals: [503],
    parameters: ['query limit', 'query cursor'],
    key: 'optional',
  },
  'GET /polls/{pollId}': {
    answers: { 200: JSON_TYPE },
    refusals: [404, 503],
    parameters: ['path pollId'],
    key: 'optional',
  },
  'POST /polls/{pollId}/votes': {
    answers: { 201: JSON_TYPE },
    refusals: [403, 404, 409, 415, 422, 503],
    parameters: ['path pollId', 'header idempotency-key'],
    body: JSON_TYPE,
  },
  'GET /polls/{pollId}/results': {
    answers: { 200: [JSON_TYPE, 'text/csv'], 304: undefined },
    refusals: [404, 503],
    parameters: ['path pollId', 'header if-none-match', 'header accept'],
    key: 'optional',
  },
  'GET /polls/{pollId}/results/events': {
    answers: { 200: 'text/event-stream' },
    refusals: [404, 501, 503],
    parameters: ['path pollId'],
    key: 'optional',
  },
  'POST /polls/{pollId}/close': {
    answers: { 200: JSON_TYPE },
    refusals: [401, 403, 404, 409, 415, 503],
    parameters: ['path pollId'],
    body: JSON_TYPE,
    bodyIsOptional: true,
    key: true,
  },
  'POST /polls/{pollId}/recount': {
    answers: { 200: JSON_TYPE },
    refusals: [401, 403, 404, 409, 503],
    parameters: ['path pollId'],
    key: true,
  },
  'PUT /polls/{pollId}/votes/{voteId}/answers': {
    answers: { 200: JSON_TYPE },
    refusals: [404, 409, 412, 415, 503],
    parameters: ['path pollId', 'path voteId', 'header if-match', 'header if-none-match'],
    body: JSON_TYPE,
  },
  'GET /polls/{pollId}/answers': {
    answers: { 200: [JSON_TYPE, 'text/csv'] },
    refusals: [401, 403, 404, 501, 503],
    parameters: ['query limit', 'query cursor', 'path pollId', 'header accept'],
    key: true,
  },
  'GET /vote/{pollId}': {
    answers: { 200: 'text/html' },
    refusals: [404, 503],
    parameters: ['query choice', 'query v', 'path pollId'],
  },
  'POST /vote/{pollId}': {
    answers: { 303: undefined },
    refusals: [403, 404, 409, 415, 422, 503],
    parameters: ['path pollId'],
    body: 'application/x-www-form-urlencoded',
  },
  'POST /webhooks/twilio/sms': {
    answers: { 200: 'text/xml' },
    refusals: [403, 415, 503],
    parameters: ['header x-twilio-signature'],
    body: 'application/x-www-form-urlencoded',
  },
  'GET /errors/{code}': { answers: { 200: JSON_TYPE }, refusals: [404], parameters: ['path code'] },
  'GET /healthz': { answers: { 200: JSON_TYPE }, refusals: [] },
  'GET /readyz': { answers: { 200: JSON_TYPE, 503: JSON_TYPE }, refusals: [] },
  'GET /metrics': { answers: { 200: 'text/plain' }, refusals: [] },
  'GET /openapi.json': { answers: { 200: JSON_TYPE }, refusals: [] },
};

const routesOf = ({ paths }: OpenApiDocument): string[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );

interface Media {
  readonly schema: object;
  readonly example?: unknown;
}

/** Bodies of requests and answers, and parameters, whose example is missing or not what the schema beside it says. */
function violations(document: OpenApiDocument & { paths: Record<string, Record<string, Operation>> }) {
  const complaintAbout = schemaCheck(document);
  const lacking: string[] = [];
  const wrong: string[] = [];
  let checked = 0;
  const check = (place: string, { schema, example }: Media): void => {
    checked++;
    const complaint = complaintAbout(schema, example);
    if (complaint) wrong.push(`${place}: ${complaint}`);
  };
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, { requestBody, responses, parameters = [] }] of Object.entries(operations)) {
      const bodies = Object.entries({ body: requestBody, ...responses }).flatMap(([place, body]) =>
        Object.entries((body?.content ?? {}) as Record<string, Media>)
          .filter(([type]) => type !== 'application/problem+json')
          .map(([type, media]) => [`${method} ${path} ${place} ${type}`, media] as const),
      );
      for (const [place, media] of bodies)
        if (media.example === undefined) lacking.push(place);
        else check(place, media);
      for (const parameter of parameters)
        if ('example' in parameter) check(`${method} ${path} ${parameter.name}`, parameter);
    }
  return { lacking, wrong, checked };
}

describe('the OpenAPI document', () => {
  let service: EmbeddedApp;
  let document: OpenApiDocument & {
    openapi: string;
    tags: { name: string; description: string }[];
    servers: object[];
    paths: Record<string, Record<string, Operation>>;
  };
  beforeAll(async () => {
    service = await embeddedApp();
    document = (await service.app.inject('/openapi.json')).json();
  });
  afterAll(() => service.close());

  const operation = (route: string): Operation => {
    const [method = '', path = ''] = route.split(' ');
    const found = document.paths[path]?.[method.toLowerCase()];
    if (!found) throw new Error(`${route} is not in the document`);
    return found;
  };

  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
  });

  it.each(Object.entries(routes))('says of %s what the contract says', (route, expected) => {
    const { answers, refusals, parameters = [], body, bodyIsOptional = false, key } = expected;
    const { responses, security, requestBody, ...found } = operation(route);

    expect((found.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`)).toEqual(parameters);
    expect(found.parameters?.filter(({ required }) => required).map(({ name }) => name) ?? []).toEqual(
      parameters.filter((parameter) => parameter.startsWith('path ')).map((parameter) => parameter.slice(5)),
    );
    expect(Object.keys(requestBody?.content ?? {})).toEqual(body ? [body] : []);
    expect(requestBody?.required).toBe(body ? !bodyIsOptional : undefined);
    const keys = [{ bearer: [] }, { apiKey: [] }];
    expect(security).toEqual(key ? [...(key === 'optional' ? [{}] : []), ...keys] : []);
    const types = Object.entries(responses).map(([status, { content }]) => [status, Object.keys(content ?? {})]);
    const problem = 'application/problem+json';
    const statuses = [...always, ...(neverLimited.includes(route) ? [] : [429]), ...refusals];
    const promised = { ...Object.fromEntries(statuses.map((status) => [status, problem])), ...answers };
    expect(Object.fromEntries(types)).toEqual(
      Object.fromEntries(
        Object.entries(promised).map(([status, type]) => [status, type === undefined ? [] : [type].flat()]),
      ),
    );
    expect(found.summary).toMatch(/^\S.{5}/);
    expect(found.tags).toHaveLength(1);
    for (const { description } of Object.values(responses)) expect(description).not.toBe('Default Response');
  });

  it('gives each operation a name of its own, and each tag words, in the order of the product', () => {
    const all = Object.values(document.paths).flatMap((path) => Object.values(path));
    const ids = all.map(({ operationId }) => operationId);

    for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
    expect(new Set(ids).size).toBe(ids.length);
    expect(document.tags.map(({ name }) => name)).toEqual([
      'votes',
      'tasks',
      'stocks',
      'access',
      'limits',
      'flags',
      'system',
    ]);
    for (const { description } of document.tags) expect(description).toMatch(/^\S.{10}/);
    expect(document.servers).toEqual([{ url: '/', description: expect.any(String) }]);
  });

  it('has one schema for what is one thing', () => {
    const { schemas } = document.components as { schemas: Record<string, { properties: object }> };
    const names = ['Problem', 'Poll', 'Results', 'Task', 'Queue', 'QueueSettings', 'Stock', 'StockValue', 'Rates'];
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(names));

    for (const [route, status, name] of [
      ['POST /polls', 201, 'Poll'],
      ['GET /polls/{pollId}', 200, 'Poll'],
      ['GET /tasks/{taskId}', 200, 'Task'],
      ['PUT /stock/{stockId}', 201, 'Stock'],
    ] as const)
      expect(operation(route).responses[status]?.content?.[JSON_TYPE]).toMatchObject({
        schema: { $ref: `#/components/schemas/${name}` },
      });
  });

  it('has patterns that other languages read: no look-around, no reference back, no class of Unicode', () => {
    const patterns: string[] = [];
    JSON.stringify(document, (key, value) => {
      if (key === 'pattern' && typeof value === 'string') patterns.push(value);
      return value;
    });

    expect(patterns.length).toBeGreaterThan(10);
    for (const pattern of patterns) {
      expect(pattern).not.toMatch(/\\(?![dwsx.+*?^$()[\]{}|\\/-])|\(\?(?!:)/);
      expect(pattern).not.toMatch(/\\x\{/);
    }
  });

  it('has every route of votes and system, and no other', () => {
    const found = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { tags }]) => tags?.some((tag) => ['votes', 'system'].includes(tag)))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );

    expect(found.sort()).toEqual(Object.keys(routes).sort());
  });

  it('names in each refusal the codes that it may have, and all of them are known', () => {
    const problems = Object.assign({}, generalProblems, ...contexts.map((context) => context.problems));
    for (const route of routesOf(document))
      for (const [status, { description, content }] of Object.entries(operation(route).responses)) {
        if (!content?.['application/problem+json']) continue;
        for (const code of description.split(', '))
          expect([code, problems[code]?.status]).toEqual([code, Number(status)]);
      }
  });

  it('says wherever a token is taken that its issuer may be away, and nowhere else', () => {
    for (const route of routesOf(document)) {
      const { security = [], responses } = operation(route);
      const may = responses[503]?.description.includes('ACCESS_ISSUER_UNAVAILABLE') ?? false;
      expect([route, may]).toEqual([route, security.length > 0]);
    }
  });

  it('says of a route with a key of its own that other keys are not known there, and nothing of policies', async () => {
    const guarded = await embeddedApp({ METRICS_KEY: 'key-of-metrics-0123' });
    const { paths } = (await guarded.app.inject('/openapi.json')).json() as typeof document;
    await guarded.close();
    expect(Object.keys(paths['/metrics']?.get?.responses ?? {})).toEqual(['200', '400', '401', '413', '429', '500']);
  });

  it('shows what each body may look like, and the example is what its schema says', () => {
    const problems = violations(document);

    expect(problems.lacking).toEqual([]);
    expect(problems.wrong).toEqual([]);
    expect(problems.checked).toBeGreaterThan(60);
  });

  it('refuses what the code behind a route refuses, too', () => {
    const refuses = (value: unknown, route: string, name: string) => {
      const found = operation(route);
      const body = (found.requestBody?.content[JSON_TYPE] as { schema: { properties: Record<string, object> } })
        ?.schema;
      const schema = found.parameters?.find((parameter) => parameter.name === name)?.schema ?? body.properties[name];
      return schemaCheck(document)(schema as object, value) !== undefined;
    };
    for (const [route, name, good, bad] of [
      ['PUT /stock/{stockId}', 'currency', ['EUR', 'GBX', 'XCG'], ['AAA', 'BGN', 'XAU', 'EURO', '']],
      ['GET /convert', 'from', ['USD', 'ILA'], ['ANG', 'XXX']],
      ['GET /rates', 'currencies', ['USD', 'USD,JPY', 'GBX,ZAC'], ['USD,', 'AAA', 'USD,AAA', 'USD;JPY']],
      ['PUT /queues/{queue}', 'if-match', ['*', '"a"', 'W/"a", "b,c"', '""'], ['', 'a', '"a" "b"', '*, "a"', 'w/"x"']],
      ['DELETE /stock/{stockId}', 'if-none-match', ['*'], ['"x y"', '"x']],
      ['POST /polls', 'closesAt', ['2027-01-01T10:00:00+02:00'], ['2027-02-30T10:00:00Z', '0000-00-00T00:00Z']],
      ['POST /polls', 'choices', [['A', 'B']], [['A', 'A'], ['A']]],
    ] as const) {
      expect([route, good.filter((value) => refuses(value, route, name))]).toEqual([route, []]);
      expect([route, bad.filter((value) => !refuses(value, route, name))]).toEqual([route, []]);
    }
    const runner = { good: 'https://mails.example.org/send?a=b', bad: ['', 'mails', 'ftp://example.org', 'http:///x'] };
    expect(refuses({ url: runner.good }, 'PUT /queues/{queue}', 'runner')).toBe(false);
    for (const url of runner.bad) expect([url, refuses({ url }, 'PUT /queues/{queue}', 'runner')]).toEqual([url, true]);
  });

  it('shows each refusal as it is answered', async () => {
    const { examples } = document.components as { examples: Record<string, { value: { status: number } }> };
    const { body, statusCode } = await service.app.inject('/polls/none');
    const { code, type, title, status } = JSON.parse(body);

    expect(statusCode).toBe(404);
    expect(examples[code]?.value).toMatchObject({ code, type, title, status });
    for (const route of routesOf(document))
      for (const [status, { description, content }] of Object.entries(operation(route).responses)) {
        const media = content?.['application/problem+json'] as { examples?: Record<string, { $ref: string }> };
        if (!media) continue;
        expect(Object.keys(media.examples ?? {})).toEqual(description.split(', '));
        for (const { $ref } of Object.values(media.examples ?? {}))
          expect(examples[$ref.replace('#/components/examples/', '')]?.value.status).toBe(Number(status));
      }
  });

  it('says what each operation is for, in more words than its summary, and whom to ask', () => {
    const info = (document as unknown as { info: object }).info;

    expect(info).toMatchObject({ contact: { name: expect.any(String) }, license: { name: 'Apache-2.0' } });
    for (const route of routesOf(document)) {
      const { summary, description } = operation(route);
      expect([route, description]).toEqual([route, expect.stringMatching(/^\S.{20}/)]);
      expect(description).not.toBe(summary);
    }
  });

  it('tells of the headers that an answer brings', () => {
    const headers = (route: string, status: number) => Object.keys(operation(route).responses[status]?.headers ?? {});

    expect(headers('POST /polls', 201)).toEqual(['location']);
    expect(headers('POST /polls', 401)).toEqual(['www-authenticate']);
    expect(headers('POST /polls/{pollId}/votes', 201)).toEqual(['idempotent-replayed']);
    expect(headers('GET /polls/{pollId}/results', 200)).toEqual(['etag', 'vary']);
    expect(headers('POST /polls/{pollId}/close', 503)).toEqual(['retry-after']);
  });

  it('is what answers are really compared with', () => {
    const conforms = conformanceTo(document);
    const answer = (status: number, body: unknown, type = 'application/json; charset=utf-8') => ({
      status,
      headers: { 'content-type': type },
      body: JSON.stringify(body),
    });
    const request = { url: '/polls/p/results' };
    const results = {
      pollId: 'p',
      status: 'open',
      total: 0,
      choices: [],
      revision: 0,
      ballots: 0,
      asOf: '2026-01-01T00:00:00.000Z',
      lagMs: 0,
      completeUpTo: '2026-01-01T00:00:00.000Z',
      stale: false,
      staleAfterSeconds: 15,
      final: false,
    };

    expect(conforms(request, answer(200, results))).toBeUndefined();
    expect(conforms(request, answer(200, { ...results, total: '0' }))).toMatch(/total/);
    expect(conforms(request, answer(200, { ...results, asOf: 'now' }))).toMatch(/asOf/);
    expect(conforms(request, answer(200, { ...results, status: undefined }))).toMatch(/status/);
    expect(conforms(request, answer(200, results, 'text/plain'))).toMatch(/may not be/);
    expect(conforms(request, answer(201, results))).toMatch(/may not answer/);
    expect(conforms(request, answer(304, results))).toMatch(/no body/);
    const notFound = (code: string) => answer(404, { code }, 'application/problem+json');
    expect(conforms(request, notFound('VOTES_POLL_NOT_FOUND'))).toMatch(/required/);
    expect(conforms(request, notFound('NOT_FOUND'))).toMatch(/may not refuse/);
    expect(conforms({ url: '/nope' }, answer(404, {}))).toMatch(/not in the document/);
  });
});
