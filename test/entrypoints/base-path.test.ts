import { afterEach, describe, expect, it } from '@jest/globals';
import { basePathsOf, withoutBasePath } from '../../src/entrypoints/http/base-path.ts';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

describe('the path of a public address', () => {
  const isRoute = (url: string): boolean => /^\/(polls(\/[^/]+(\/votes)?)?|healthz)?($|\?)/.test(url);
  const paths = basePathsOf(['https://a.example.org/Api/v1', 'http://b.example.org/api', 'https://c.example.org']);

  it.each([
    ['/Api/v1/polls?a=/Api/v1', '/polls?a=/Api/v1'],
    ['/api/polls', '/polls'],
    ['/api', '/'],
    ['/api?x=1', '/?x=1'],
    ['/api/', '/'],
    ['/apis/polls', '/apis/polls'],
    ['/API/polls', '/API/polls'],
    ['/polls', '/polls'],
    ['/polls/api', '/polls/api'],
    ['/api/api/polls', '/api/polls'],
    ['/api/nothing', '/nothing'],
    ['http://x/api/polls', 'http://x/api/polls'],
    ['*', '*'],
    ['', ''],
  ])('is taken away once, in front of the routes: %s is %s', (url, expected) => {
    expect(withoutBasePath(url, paths, isRoute)).toBe(expected);
  });

  it('is taken away where several begin alike', () => {
    expect(withoutBasePath('/a/b/polls', basePathsOf(['https://x/a', 'https://x/a/b']), isRoute)).toBe('/polls');
  });

  it.each([
    ['/polls/polls', '/polls'],
    ['/polls/polls/p/votes', '/polls/p/votes'],
    ['/polls/healthz', '/healthz'],
    ['/polls/', '/'],
    ['/polls/p/votes', '/polls/p/votes'],
    ['/polls/p', '/polls/p'],
    ['/polls?limit=1', '/polls?limit=1'],
    ['/healthz', '/healthz'],
  ])('may be called like a route, whether a proxy leaves it or not: %s is %s', (url, expected) => {
    expect(withoutBasePath(url, basePathsOf(['https://x/polls']), isRoute)).toBe(expected);
  });
});

describe('behind a proxy that leaves the path of the public address', () => {
  let service: EmbeddedApp | undefined;
  afterEach(async () => {
    await service?.close();
    service = undefined;
  });

  it.each(['/live', '/polls', ''])('requests find their routes, pages and errors: %s', async (path) => {
    service = await embeddedApp({
      PUBLIC_BASE_URL: `https://vote.example.org,https://other.example.org/other,https://vote.example.org${path}/`,
    });
    const { app } = service;
    const get = async (url: string) => (await app.inject({ url })).statusCode;
    const vote = async (url: string) =>
      (await app.inject({ method: 'POST', url, payload: { choice: 'red' } })).statusCode;

    for (const prefix of [path, '/other', '']) {
      expect({
        prefix,
        statuses: [await get(`${prefix}/healthz`), await vote(`${prefix}/polls/colors/votes`)],
      }).toEqual({
        prefix,
        statuses: [200, 201],
      });
      expect(await get(`${prefix}/polls/colors/results`)).toBe(200);
      expect(await get(`${prefix}/`)).toBe(200);
      expect(await get(`${prefix}/app.js`)).toBe(200);
      expect(await get(`${prefix}/polls/colors/votes`)).toBe(405);
      expect(await get(`${prefix}/nothing/here`)).toBe(404);
    }
    expect(await get('/another/healthz')).toBe(404);
  });
});
