import { describe, expect, it } from '@jest/globals';
import { isMatch, type RouteStatement, readStatement } from '../../src/domain/shared/route-statement.ts';
import { openSegmentsOf, segmentsOf } from '../../src/entrypoints/http/route-segments.ts';

const statement = (text: string): RouteStatement => {
  const read = readStatement(text);
  if (typeof read === 'string') throw new Error(`${text} ${read}`);
  return read;
};

describe('the segments of a route', () => {
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
    ['GET /limits/*/keys/b%2Fc', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: '~Yi9j' }, true],
    ['GET /limits/*/keys/b/c', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: 'b/c' }, false],
    ['GET /limits/*/keys/%2A', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: 'b' }, false],
    ['GET /limits/*/keys/%2A', 'GET', '/limits/:policyId/keys/:key', { policyId: 'a', key: '*' }, true],
    ['GET /votes/*', 'GET', '/*', { '*': 'votes/polls.js' }, true],
    ['GET /tasks/tasks.js', 'GET', '/tasks/:name.js', { name: 'tasks' }, true],
  ])('%s speaks of %s %s with %j: %s', (text, method, route, params, expected) => {
    expect(isMatch(statement(text), method, segmentsOf(route, params))).toBe(expected);
  });

  it('may speak of a route if some parameters make it so', () => {
    expect(isMatch(statement('GET /polls/colors'), 'GET', openSegmentsOf('/polls/:pollId'))).toBe(true);
    expect(isMatch(statement('GET /polls/colors'), 'GET', openSegmentsOf('/queues/:queue'))).toBe(false);
  });
});
