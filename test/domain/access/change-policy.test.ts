import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryPoliciesInForce, MemoryPolicyStore } from '../../../src/adapters/memory/policy-store.ts';
import { DeletePolicy } from '../../../src/domain/access/delete-policy.ts';
import type { Policy } from '../../../src/domain/access/policy.ts';
import { AT_ONCE, WITHIN_SECONDS } from '../../../src/domain/access/propagation.ts';
import { MAX_POLICIES, PutPolicy } from '../../../src/domain/access/put-policy.ts';
import type { PolicyStore } from '../../../src/ports/access.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { overriding } from '../../helpers/overriding.ts';

const reads = { allow: ['GET /**'] };
let clock: FakeClock;
let store: MemoryPolicyStore;
beforeEach(() => {
  clock = new FakeClock();
  store = new MemoryPolicyStore();
});

const changingWith = (override: Partial<PolicyStore> = {}, propagation = WITHIN_SECONDS) => ({
  store: overriding<PolicyStore>(store, override),
  inForce: new MemoryPoliciesInForce(store),
  clock,
  elapsed: clock,
  propagation,
  keyNames: ['admin', 'reader'],
});

describe('a change of policies', () => {
  it('is in force everywhere 5 s after it was begun, and at once where the process keeps the policies itself', async () => {
    const begun = clock.now();
    const shared = await new PutPolicy(changingWith()).execute('group:a', reads);
    expect(shared.effectiveBy).toBe(begun + 5_000);
    const embedded = await new PutPolicy(changingWith({}, AT_ONCE)).execute('group:a', reads);
    expect(embedded.effectiveBy).toBe(begun);
  });

  it('that takes long to write is in force later, and says so to whoever reads it', async () => {
    const change: PolicyStore['change'] = async (...change) => {
      const done = await store.change(...change);
      clock.advance(3_100);
      return done;
    };
    const begun = clock.now();
    const { after, effectiveBy } = await new PutPolicy(changingWith({ change })).execute('group:a', reads);
    expect([after.effectiveBy, effectiveBy]).toEqual([begun + 6_000, begun + 6_000]);
    expect((await store.get('group:a'))?.effectiveBy).toBe(begun + 6_000);

    const deleted = await new DeletePolicy(changingWith({ change })).execute('group:a');
    expect(deleted.effectiveBy).toBe(begun + 3_100 + 6_000);
  });

  it('is made on top of what others have changed meanwhile', async () => {
    let isFirst = true;
    const change: PolicyStore['change'] = async (...change) => {
      if (isFirst) {
        isFirst = false;
        await new PutPolicy(changingWith()).execute('group:b', reads);
      }
      return store.change(...change);
    };
    const { revision } = await new PutPolicy(changingWith({ change })).execute('group:a', reads);
    expect(revision).toBe(2);
    expect(store.present.policies.map(({ subject }) => subject)).toEqual(['group:b', 'group:a']);
  });

  it('locks nobody out together with another that leaves a way by itself', async () => {
    const outcomes = await Promise.allSettled(
      ['key:admin', 'key:reader'].map((subject) => new PutPolicy(changingWith()).execute(subject, reads)),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.map(({ reason }) => reason.code)).toEqual(['ACCESS_LOCKOUT']);
    expect(store.present.policies).toHaveLength(1);
  });

  const policyOf = (subject: string, revision: number): Policy => {
    return { subject, ...reads, deny: [], revision, effectiveBy: 0 };
  };

  it('may be made by tokens where no key could make it before', async () => {
    await store.change(store.present, 'key:admin', policyOf('key:admin', 1));
    await store.change(store.present, 'key:reader', policyOf('key:reader', 2));
    await expect(new PutPolicy(changingWith()).execute('group:a', reads)).resolves.toMatchObject({ revision: 3 });
  });

  it('adds no more policies than there may be, and replaces and deletes those that there are', async () => {
    for (let count = 0; count < MAX_POLICIES; count++)
      await new PutPolicy(changingWith()).execute(`sub:${count}`, reads);
    const put = new PutPolicy(changingWith());
    await expect(put.execute('sub:more', reads)).rejects.toMatchObject({ code: 'ACCESS_TOO_MANY_POLICIES' });
    await put.execute('sub:0', { allow: [] });
    await new DeletePolicy(changingWith()).execute('sub:1');
    await put.execute('sub:more', reads);
    expect(store.present.policies).toHaveLength(MAX_POLICIES);
  });
});
