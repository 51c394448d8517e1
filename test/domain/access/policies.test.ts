import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isLockedOut, Policies } from '../../../src/domain/access/policies.ts';
import type { Policy } from '../../../src/domain/access/policy.ts';

type Says = Partial<Pick<Policy, 'allow' | 'deny'>>;

const policiesOf = (says: Readonly<Record<string, Says>>): Policy[] =>
  Object.entries(says).map(([subject, { allow = [], deny = [] }], index) => ({
    subject,
    allow,
    deny,
    revision: index + 1,
    effectiveBy: 0,
  }));

const judgedBy = (says: Readonly<Record<string, Says>>) => new Policies({ version: 1, policies: policiesOf(says) });

const segments = fc.array(fc.constantFrom('a', 'b', '*', 'a/b', '..'), { minLength: 1, maxLength: 4 });
const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE');
const statement = fc
  .tuple(
    fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', '*'),
    fc.array(fc.constantFrom('a', 'b', '*', 'a%2Fb', '~YS9i'), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '/**'),
  )
  .map(([of, path, rest]) => `${of} /${path.join('/')}${rest}`);
const statements = fc.array(statement, { maxLength: 4 });
const names = ['group:a', 'group:b', 'sub:c'];
const says = fc.record({ allow: statements, deny: statements });
const world = fc.record({ 'group:a': says, 'group:b': says, 'sub:c': says });
const request = fc.tuple(method, segments);

describe('a decision', () => {
  it('is to refuse what no statement speaks of', () => {
    fc.assert(
      fc.property(world, request, (policies, [of, path]) => {
        expect(judgedBy(policies).decide([], of, path)).toEqual({ allowed: false, by: undefined });
        expect(judgedBy(policies).decide(['group:unknown'], of, path).allowed).toBe(false);
      }),
    );
  });

  it('is to refuse whatever any statement denies', () => {
    fc.assert(
      fc.property(world, request, fc.constantFrom(...names), (policies, [of, path], denied) => {
        const exact = `${of} /${path
          .map(encodeURIComponent)
          .map((part) => part.replace('..', '%2E%2E').replace('*', '%2A'))
          .join('/')}`;
        const denying = { ...policies, [denied]: { ...policies[denied as 'sub:c'], deny: [exact] } };
        const decision = judgedBy(denying).decide(names, of, path);
        expect(decision.allowed).toBe(false);
        expect(decision.by?.effect).toBe('deny');
      }),
    );
  });

  it('names the statement that made it', () => {
    fc.assert(
      fc.property(world, request, (policies, [of, path]) => {
        const { allowed, by } = judgedBy(policies).decide(names, of, path);
        if (!by) return expect(allowed).toBe(false);
        expect(by.effect).toBe(allowed ? 'allow' : 'deny');
        expect(policies[by.subject as 'sub:c'][by.effect]).toContain(by.statement);
        const alone = judgedBy({ 'group:alone': { allow: [by.statement] } });
        expect(alone.decide(['group:alone'], of, path).allowed).toBe(true);
      }),
    );
  });

  it('does not depend on the order of subjects and statements, nor on doubles', () => {
    fc.assert(
      fc.property(world, request, (policies, [of, path]) => {
        const twisted = Object.fromEntries(
          Object.entries(policies)
            .reverse()
            .map(([subject, { allow, deny }]) => [
              subject,
              { allow: [...allow].reverse().concat(allow), deny: [...deny, ...deny].reverse() },
            ]),
        );
        const decided = judgedBy(policies).decide(names, of, path).allowed;
        expect(judgedBy(twisted).decide([...names].reverse().concat(names), of, path).allowed).toBe(decided);
      }),
    );
  });

  it('is never to refuse because more is allowed, nor to allow because more is denied or a group is unknown', () => {
    fc.assert(
      fc.property(world, request, statement, fc.constantFrom(...names), (policies, [of, path], more, subject) => {
        const before = judgedBy(policies).decide(names, of, path).allowed;
        const { allow, deny } = policies[subject as 'sub:c'];
        const allowing = judgedBy({ ...policies, [subject]: { allow: [...allow, more], deny } });
        const denying = judgedBy({ ...policies, [subject]: { allow, deny: [...deny, more] } });
        if (before) expect(allowing.decide(names, of, path).allowed).toBe(true);
        else expect(denying.decide(names, of, path).allowed).toBe(false);
        expect(judgedBy(policies).decide([...names, 'group:unknown'], of, path).allowed).toBe(before);
      }),
    );
  });

  it('covers HEAD where GET is spoken of, and not the other way round', () => {
    const policies = judgedBy({ 'group:a': { allow: ['GET /a'] }, 'group:b': { allow: ['HEAD /a'] } });
    expect(policies.decide(['group:a'], 'HEAD', ['a']).allowed).toBe(true);
    expect(policies.decide(['group:b'], 'HEAD', ['a']).allowed).toBe(true);
    expect(policies.decide(['group:b'], 'GET', ['a']).allowed).toBe(false);
  });

  it.each<[string, string[], boolean]>([
    ['GET /queues/*', ['queues', 'a/b'], true],
    ['GET /queues/*', ['queues', 'a', 'b'], false],
    ['GET /queues/*', ['queues'], false],
    ['GET /queues/**', ['queues'], false],
    ['GET /queues/**', ['queues', 'a'], true],
    ['GET /queues/**', ['queues', 'a', 'tasks'], true],
    ['GET /**', ['access'], true],
    ['* /**', ['access'], true],
    ['GET /*/tasks/**', ['queues', 'tasks', 'a'], true],
    ['GET /policies/sub:auth0%7Cx%2Fy', ['policies', 'sub:auth0|x/y'], true],
    ['GET /policies/~c3ViOmF1dGgwfHgveQ', ['policies', 'sub:auth0|x/y'], true],
    ['GET /policies/sub:auth0|x/y', ['policies', 'sub:auth0|x/y'], false],
    ['GET /Queues/a', ['queues', 'a'], false],
    ['GET /queues/%2A', ['queues', '*'], true],
    ['GET /queues/%2A', ['queues', 'a'], false],
  ])('by %s on %j', (allow, path, allowed) => {
    expect(judgedBy({ 'group:a': { allow: [allow] } }).decide(['group:a'], 'GET', path).allowed).toBe(allowed);
  });

  it('takes as long as the path and the statements are, whatever they hold', () => {
    const allow = Array.from({ length: 100 }, (_, index) => `GET ${'/*'.repeat(90)}/${index}`);
    const policies = judgedBy({ 'group:a': { allow } });
    const path = Array.from({ length: 91 }, () => '*');
    const begun = performance.now();
    for (let count = 0; count < 100; count++) policies.decide(['group:a'], 'GET', path);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

describe('a key', () => {
  it('may do everything without a policy, and with one what that says', () => {
    const policies = judgedBy({ 'key:some': { allow: ['GET /polls/**'], deny: ['GET /polls/secret/**'] } });
    expect(policies.decide(['key:other'], 'DELETE', ['polls', 'p'])).toEqual({
      allowed: true,
      by: { subject: 'key:other', effect: 'allow', statement: '* /**' },
    });
    expect(policies.decide(['key:some'], 'DELETE', ['polls', 'p']).allowed).toBe(false);
    expect(policies.decide(['key:some'], 'GET', ['polls', 'secret', 'ballots']).allowed).toBe(false);
    expect(policies.rightsOf(['key:other'])).toEqual({ allow: ['* /**'], deny: [] });
    expect(policies.rightsOf(['sub:ann', 'group:crew'])).toEqual({ allow: [], deny: [] });
  });
});

describe('a lock-out', () => {
  const isLocked = (says: Readonly<Record<string, Says>>, keys = ['admin', 'reader']) =>
    isLockedOut({ version: 1, policies: policiesOf(says) }, keys);
  const reads = { allow: ['GET /**'] };

  it.each<[string, Readonly<Record<string, Says>>, boolean]>([
    ['no policy', {}, false],
    ['a key without a policy', { 'key:reader': reads }, false],
    ['keys that read alone', { 'key:reader': reads, 'key:admin': reads }, true],
    ['a key that puts any policy', { 'key:reader': reads, 'key:admin': { allow: ['PUT /policies/*'] } }, false],
    [
      'a key that deletes its own',
      { 'key:reader': reads, 'key:admin': { allow: ['DELETE /policies/key:admin'] } },
      false,
    ],
    [
      'a key that puts that of another',
      { 'key:reader': reads, 'key:admin': { allow: ['PUT /policies/key%3Areader'] } },
      false,
    ],
    [
      'a key that puts those of groups alone',
      { 'key:reader': reads, 'key:admin': { allow: ['PUT /policies/group:a'] } },
      true,
    ],
    [
      'a key that is denied what it is allowed',
      { 'key:reader': reads, 'key:admin': { allow: ['* /**'], deny: ['* /policies/**'] } },
      true,
    ],
    ['a group that may do all', { 'key:reader': reads, 'key:admin': reads, 'group:a': { allow: ['* /**'] } }, true],
    [
      'a key that is not configured',
      { 'key:reader': reads, 'key:admin': reads, 'key:gone': { allow: ['* /**'] } },
      true,
    ],
  ])('by %s: %j', (_, policies, locked) => {
    expect(isLocked(policies)).toBe(locked);
  });
});
