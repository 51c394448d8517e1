import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { check, type RequestLimit, settings } from '../../../src/entrypoints/config/limits.ts';
import { printStatement } from '../../helpers/limits.ts';

const parse = (text: string) => settings.LIMITS.parse(text);
const complaint = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

const print = ({ name, requests, perSeconds, burst, by, cost, routes }: RequestLimit): string =>
  [`${name}=${requests}/${perSeconds}s*${burst}`, `by=${by}`, `cost=${cost}`, ...routes.map(routeOption)].join(';');
const routeOption = (route: RequestLimit['routes'][number]) => `routes=${printStatement(route)}`;

describe('LIMITS', () => {
  it('has a burst of its requests, counts by address and costs 1 unless it says otherwise', () => {
    expect(parse('all=100/10s')).toEqual([
      { name: 'all', requests: 100, perSeconds: 10, burst: 100, by: 'address', cost: 1, routes: [] },
    ]);
  });

  it('may hold several limits, each of several routes', () => {
    const limits = parse(
      'votes=5/1s*50;by=poll;cost=5;routes=POST /polls/*/votes;routes=* /vote/** , texts=1/60s;by=sender',
    );

    expect(limits.map(({ name, by, cost, routes }) => [name, by, cost, routes.map(printStatement)])).toEqual([
      ['votes', 'poll', 5, ['POST /polls/*/votes', '* /vote/**']],
      ['texts', 'sender', 1, []],
    ]);
  });

  it('is read as it is written', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
    const segment = fc.option(
      fc.stringMatching(/^[!-~]{1,8}$/).filter((text) => !/^(~|\.\.?$)/.test(text)),
      { nil: undefined },
    );
    const route = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', '*'),
      segments: fc.array(segment, { maxLength: 4 }),
      hasRest: fc.boolean(),
    });
    const limit = fc
      .record({
        name,
        requests: fc.constantFrom(1, 5, 100, 250_000),
        perSeconds: fc.constantFrom(1, 3, 60),
        burst: fc.integer({ min: 1, max: 100_000 }),
        by: fc.constantFrom('address', 'key', 'poll', 'sender'),
        cost: fc.integer({ min: 1, max: 1e9 }),
        routes: fc.array(route, { maxLength: 3 }),
      })
      .map((given) => ({ ...given, cost: Math.min(given.cost, given.burst) }) as RequestLimit);
    fc.assert(
      fc.property(fc.array(limit, { minLength: 1, maxLength: 3 }), (given) =>
        expect(parse(given.map(print).join(','))).toEqual(given),
      ),
    );
  });

  it.each([
    ['', 'must begin with a name'],
    ['100/10s', 'must begin with a name'],
    ['a b=100/10s', 'must begin with a name'],
    ['a=100', 'must have a rate'],
    ['a=0/10s', 'its requests must be a whole number, 1 to'],
    ['a=1/0s', 'its perSeconds must be a whole number'],
    ['a=1/86401s', 'its perSeconds must be'],
    ['a=1/10s*0', 'its burst must be'],
    ['a=1/86400s*1000', 'takes more than a year'],
    ['a=999983/86399s', 'cannot be counted exactly'],
    ['a=1.5/10s', 'must have a rate'],
    ['a=1/10s;by=ip', 'must limit by one of: address, key, poll, sender'],
    ['a=1/10s;by=key;by=key', 'must say by= once'],
    ['a=1/10s;cost=0', 'whole number from 1 as cost='],
    ['a=5/10s;cost=6', 'must have a cost= of at most its burst'],
    ['a=5/10s;per=key', 'may have by=, cost= and routes= alone'],
    ['a=5/10s;', 'may have by=, cost= and routes= alone'],
    ['a=5/10s;routes=GET', 'routes= must be a method or *'],
  ])('refuses %j: %s', (text, expected) => {
    expect(complaint(text)).toContain(expected);
  });

  it('names everything that is wrong, and in which limit', () => {
    const told = complaint('ok=1/1s,a=x;by=y,b=1/1s;cost=0');

    expect(told).toContain('must limit by one of: address, key, poll, sender (item 2 of 3)');
    expect(told).toContain('must have a rate');
    expect(told).toContain('cost= (item 3 of 3)');
  });

  it('names no two limits alike', () => {
    expect(check({ LIMITS: parse('a=1/1s,b=1/1s,a=2/1s') })).toEqual([expect.stringMatching(/^LIMITS .*\ba\b/)]);
    expect(check({ LIMITS: parse('a=1/1s,b=1/1s') })).toEqual([]);
  });
});
