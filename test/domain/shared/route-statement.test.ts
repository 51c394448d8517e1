import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matchesRoute, parseStatement, type RouteStatement } from '../../../src/domain/shared/route-statement.ts';
import { printStatement } from '../../helpers/limits.ts';

const statement = (text: string): RouteStatement => {
  const parsed = parseStatement(text);
  if (!parsed) throw new Error(`${text} is no statement`);
  return parsed;
};

describe('a statement', () => {
  it.each([
    ['GET /polls', 'GET', '/polls', {}, true],
    ['GET /polls', 'HEAD', '/polls', {}, true],
    ['GET /polls', 'POST', '/polls', {}, false],
    ['* /polls', 'POST', '/polls', {}, true],
    ['GET /polls', 'GET', '/polls/:pollId', { pollId: 'colors' }, false],
    ['GET /polls/*', 'GET', '/polls/:pollId', { pollId: 'colors' }, true],
    ['GET /polls/*', 'GET', '/polls', {}, false],
    ['GET /polls/colors', 'GET', '/polls/:pollId', { pollId: 'colors' }, true],
    ['GET /polls/colors', 'GET', '/polls/:pollId', { pollId: 'COLORS' }, false],
    ['POST /polls/*/votes', 'POST', '/polls/:pollId/votes', { pollId: 'colors' }, true],
    ['POST /polls/*/votes', 'POST', '/polls/:pollId/close', { pollId: 'colors' }, false],
    ['* /polls/**', 'POST', '/polls/:pollId/votes', { pollId: 'colors' }, true],
    ['* /polls/**', 'GET', '/polls', {}, false],
    ['* /**', 'GET', '/', {}, false],
    ['GET /', 'GET', '/', {}, true],
    // A parameter is one segment, whatever it holds.
    ['GET /limits/*/keys/*', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: 'b/c' }, true],
    ['GET /limits/*/keys/b%2Fc', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: 'b/c' }, true],
    ['GET /limits/*/keys/b/c', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: 'b/c' }, false],
    ['GET /limits/*/keys/%2A', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: 'b' }, false],
    ['GET /limits/*/keys/%2A', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: '*' }, true],
    ['GET /votes/*', 'GET', '/*', { '*': 'votes/polls.js' }, true],
    ['GET /tasks/tasks.js', 'GET', '/tasks/:name.js', { name: 'tasks' }, true],
  ])('%s speaks of %s %s with %j: %s', (text, method, route, params, expected) => {
    expect(matchesRoute(statement(text), method, route, params)).toBe(expected);
  });

  it('may speak of a route if some parameters make it so', () => {
    expect(matchesRoute(statement('GET /polls/colors'), 'GET', '/polls/:pollId')).toBe(true);
    expect(matchesRoute(statement('GET /polls/colors'), 'GET', '/queues/:queue')).toBe(false);
  });

  it.each([
    'GET',
    'GET polls',
    '/polls',
    'get /polls',
    'HEAD /polls',
    'GET  /polls',
    'GET /polls/',
    'GET //polls',
    'GET /polls?a=1',
    'GET /po*',
    'GET /**/votes',
    'GET /%zz',
    'GET /%ff',
    'GET /é',
    'GET /polls /queues',
    '',
  ])('cannot be %j', (text) => {
    expect(parseStatement(text)).toBeUndefined();
  });

  it('is read as it is written', () => {
    const segment = fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }).filter(isEncodable), {
      nil: undefined,
    });
    const statements = fc.record({
      method: fc.constantFrom('GET', 'POST', undefined),
      segments: fc.array(segment, { maxLength: 4 }),
      hasRest: fc.boolean(),
    });
    fc.assert(fc.property(statements, (given) => expect(parseStatement(printStatement(given))).toEqual(given)));
  });
});

/** A lone surrogate has no bytes. */
const isEncodable = (text: string): boolean => !/\p{Surrogate}/u.test(text);
