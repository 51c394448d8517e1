import { beforeEach, describe, expect, it } from '@jest/globals';
import { NO_POLICIES, type Policy, type PolicySet } from '../../src/domain/access/policy.ts';
import { MAX_POLICIES, MAX_STATEMENTS_LENGTH } from '../../src/domain/access/put-policy.ts';
import type { PolicyStore } from '../../src/ports/access.ts';

const aPolicy = (fields: Partial<Policy> = {}): Policy => ({
  subject: 'key:reporting',
  allow: ['GET /queues/**', 'GET /polls/*/results'],
  deny: [],
  revision: 1,
  effectiveBy: 1_700_000_000_000,
  ...fields,
});

/** As many policies as there may be, whose statements fill what they may have together. */
function fullSet(): PolicySet {
  const each = Math.floor(MAX_STATEMENTS_LENGTH / MAX_POLICIES / 2);
  const rest = MAX_STATEMENTS_LENGTH - 2 * each * MAX_POLICIES;
  const statement = (length: number) => `GET /${'q'.repeat(length - 'GET /'.length)}`;
  const policies = Array.from({ length: MAX_POLICIES }, (_, index) => {
    const allow = [statement(each), statement(each), ...(index === 0 ? [statement(rest)] : [])];
    return aPolicy({ subject: `sub:${`${index}`.padStart(316, '✓')}`, allow, revision: index + 1 });
  });
  const length = policies.flatMap(({ allow }) => allow).reduce((sum, text) => sum + text.length, 0);
  expect(length).toBe(MAX_STATEMENTS_LENGTH);
  return { version: MAX_POLICIES, policies };
}

/** In the order of their subjects, since that of a store means nothing. */
const sorted = ({ version, policies }: PolicySet): PolicySet => ({
  version,
  policies: [...policies].sort((one, other) => (one.subject < other.subject ? -1 : 1)),
});

/**
 * @param make a new, empty store, as two processes see it
 */
export function describePolicyStore(name: string, make: () => Promise<{ one: PolicyStore; other: PolicyStore }>): void {
  describe(`PolicyStore: ${name}`, () => {
    let one: PolicyStore;
    let other: PolicyStore;
    beforeEach(async () => {
      ({ one, other } = await make());
    });

    it('holds nothing at first', async () => {
      expect(await one.read()).toEqual(NO_POLICIES);
      expect(await one.version()).toBe(0);
      expect(await one.get('key:reporting')).toBeUndefined();
    });

    it('puts, replaces and removes policies, each as one version, seen by every process', async () => {
      const first = aPolicy();
      const second = aPolicy({ subject: 'sub:auth0|x/y ✓', deny: ['* /policies/**'], revision: 2 });
      const third = aPolicy({ allow: [], revision: 3 });

      expect(await one.change(NO_POLICIES, first.subject, first)).toBe(true);
      expect(await other.read()).toEqual({ version: 1, policies: [first] });
      expect(await other.change(await other.read(), second.subject, second)).toBe(true);
      expect(sorted(await one.read())).toEqual({ version: 2, policies: [first, second] });
      expect(await one.change(await one.read(), third.subject, third)).toBe(true);
      expect(sorted(await other.read())).toEqual({ version: 3, policies: [third, second] });
      expect([await other.get(third.subject), await other.get(second.subject)]).toEqual([third, second]);

      expect(await one.change(await one.read(), second.subject, undefined)).toBe(true);
      expect(await other.read()).toEqual({ version: 4, policies: [third] });
      expect(await other.version()).toBe(4);
      expect(await other.get(second.subject)).toBeUndefined();
    });

    it('changes nothing once something else has changed, whatever subject that was', async () => {
      const seen = await one.read();
      await other.change(seen, 'group:crew', aPolicy({ subject: 'group:crew' }));

      expect(await one.change(seen, 'key:reporting', aPolicy())).toBe(false);
      expect(await one.change(seen, 'group:crew', undefined)).toBe(false);
      expect((await one.read()).policies).toEqual([aPolicy({ subject: 'group:crew' })]);
      expect(await one.version()).toBe(1);

      const later = await one.read();
      await other.change(later, 'group:crew', undefined);
      expect(await one.change(later, 'group:crew', aPolicy({ subject: 'group:crew', revision: 2 }))).toBe(false);
      expect(await one.read()).toEqual({ version: 2, policies: [] });
    });

    it('lets one of several changes at once succeed', async () => {
      for (let round = 0; round < 5; round++) {
        const seen = await one.read();
        const outcomes = await Promise.all(
          Array.from({ length: 6 }, (_, index) => {
            const subject = `sub:${index}`;
            const policy = aPolicy({ subject, revision: seen.version + 1 });
            return (index % 2 ? one : other).change(seen, subject, policy);
          }),
        );
        const after = await one.read();

        expect(outcomes.filter(Boolean).length).toBe(after.version - seen.version);
        expect(after.version - seen.version).toBeLessThanOrEqual(1);
        const changed = after.policies.filter(({ revision }) => revision > seen.version);
        expect(changed).toHaveLength(after.version - seen.version);
      }
    });

    it('reads policies as they were between two changes', async () => {
      // Each change puts one subject and the next removes it, so that every version is known by what it holds.
      const until = 60;
      const writing = (async () => {
        for (let seen = await one.read(); seen.version < until; seen = await one.read()) {
          const subject = `sub:${seen.version >> 1}`;
          const policy = seen.version % 2 === 0 ? aPolicy({ subject, revision: seen.version + 1 }) : undefined;
          expect(await one.change(seen, subject, policy)).toBe(true);
        }
      })();
      for (let version = 0; version < until; ) {
        const read = await other.read();
        const expected = read.version % 2 === 0 ? [] : [`sub:${(read.version - 1) >> 1}`];
        expect(read.policies.map(({ subject }) => subject)).toEqual(expected);
        expect(read.version).toBeGreaterThanOrEqual(version);
        version = read.version;
      }
      await writing;
    });

    it('holds as many as there may be, with statements as long as they may be together', async () => {
      const most = fullSet();
      const last = most.policies.at(-1) as Policy;
      let seen = NO_POLICIES;
      for (const policy of most.policies) {
        expect(await one.change(seen, policy.subject, policy)).toBe(true);
        seen = { version: seen.version + 1, policies: [...seen.policies, policy] };
      }

      expect(sorted(await other.read())).toEqual(sorted(most));
      expect(await other.change(most, last.subject, { ...last, revision: most.version + 1 })).toBe(true);
      expect((await one.read()).version).toBe(most.version + 1);
    }, 120_000);

    it('corrects the time of a policy, unless it has been put anew or removed', async () => {
      const first = aPolicy();
      await one.change(NO_POLICIES, first.subject, first);
      const postponed = { ...first, effectiveBy: first.effectiveBy + 1_000 };
      await other.postpone(postponed);
      expect(await one.get(first.subject)).toEqual(postponed);
      expect(await one.read()).toEqual({ version: 1, policies: [postponed] });

      const second = aPolicy({ revision: 2 });
      await one.change(await one.read(), second.subject, second);
      await other.postpone(postponed);
      expect(await one.get(first.subject)).toEqual(second);

      await one.change(await one.read(), second.subject, undefined);
      await other.postpone(second);
      expect(await one.get(first.subject)).toBeUndefined();
    });
  });
}
