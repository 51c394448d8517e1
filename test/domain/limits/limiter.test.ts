import { describe, expect, it } from '@jest/globals';
import { GuardedLimitStore } from '../../../src/adapters/caching/guarded-limit-store.ts';
import { KnownLimitPolicies } from '../../../src/adapters/caching/known-limit-policies.ts';
import { MemoryLimitCounts } from '../../../src/adapters/memory/limit-counts.ts';
import { MemoryLimitPolicyStore } from '../../../src/adapters/memory/limit-policy-store.ts';
import { MemoryLimitStore } from '../../../src/adapters/memory/limit-store.ts';
import { sha256 } from '../../../src/adapters/system/digest.ts';
import { DeleteLimit } from '../../../src/domain/limits/delete-limit.ts';
import { GetLimit } from '../../../src/domain/limits/get-limit.ts';
import { Limiter } from '../../../src/domain/limits/limiter.ts';
import type { LimitDraft } from '../../../src/domain/limits/policy.ts';
import { PutLimit } from '../../../src/domain/limits/put-limit.ts';
import { ReadKey } from '../../../src/domain/limits/read-key.ts';
import { ResetKey } from '../../../src/domain/limits/reset-key.ts';
import { TakeFromLimit } from '../../../src/domain/limits/take-from-limit.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import { FakeClock } from '../../helpers/fakes.ts';

const rate = { requests: 1, perSeconds: 10, burst: 4 };

async function world(draft: LimitDraft = { rate }) {
  const clock = new FakeClock();
  const elapsed = () => clock.now();
  const policies = new MemoryLimitPolicyStore();
  const store = new MemoryLimitStore(clock);
  const counts = new MemoryLimitCounts();
  const state = { isAway: false, calls: 0 };
  const call = <T>(work: () => Promise<T>): Promise<T> => {
    state.calls++;
    return state.isAway ? Promise.reject(storeUnavailable()) : work();
  };
  const guarded = new GuardedLimitStore(
    {
      take: (request) => call(() => store.take(request)),
      read: (key) => call(() => store.read(key)),
      reset: (key) => call(() => store.reset(key)),
    },
    elapsed,
  );
  const processes = { count: 1 };
  const counting = Object.assign(counts, { processes: () => processes.count });
  const known = new KnownLimitPolicies(policies, elapsed);
  const put = new PutLimit(policies, clock, counts);
  await put.execute('p', draft);
  const limiter = new Limiter(guarded, new MemoryLimitStore(clock), counting);
  const takeFrom = new TakeFromLimit(known, limiter, sha256);
  const take = async (command: Partial<Parameters<TakeFromLimit['execute']>[1]> = {}) =>
    (await takeFrom.execute('p', { key: 'k', ...command })).answer;
  return { clock, policies, store, counts, state, processes, put, takeFrom, take };
}

const takeMany = async (take: () => Promise<{ readonly allowed: boolean }>, count: number): Promise<number> => {
  let allowed = 0;
  for (let one = 0; one < count; one++) if ((await take()).allowed) allowed++;
  return allowed;
};

describe('a take from a policy', () => {
  it('is answered with what remains, and after how long more passes', async () => {
    const { take } = await world();
    expect(await take()).toEqual({ allowed: true, remaining: 3, resetSeconds: 10, degraded: false, isReplay: false });
    expect(await takeMany(take, 5)).toBe(3);
    expect(await take()).toEqual({
      allowed: false,
      remaining: 0,
      resetSeconds: 40,
      retryAfterMs: 10_000,
      violated: 'rate',
      degraded: false,
      isReplay: false,
    });
  });

  it('takes nothing in a dry run, and counts nothing', async () => {
    const { take, counts } = await world();
    for (let count = 0; count < 9; count++) expect(await take({ dryRun: true })).toMatchObject({ allowed: true });
    expect(await takeMany(take, 9)).toBe(4);
    expect(await take({ dryRun: true, cost: 4 })).toMatchObject({ allowed: false, retryAfterMs: 40_000 });
    expect((await counts.read(['p'])).get('p')).toEqual({ allowed: 4, refused: 5, degraded: 0 });
  });

  it('is allowed in shadow mode, and told that it would not be, also its repeat', async () => {
    const { take, policies } = await world({ rate, mode: 'shadow' });
    expect(await takeMany(take, 4)).toBe(4);
    expect(await take({ idempotencyKey: 'a' })).toMatchObject({ allowed: true, wouldRefuse: true, remaining: 0 });
    expect((await new GetLimit(policies, new MemoryLimitCounts()).execute('p')).policy.mode).toBe('shadow');
  });

  it('takes once under an id, and refuses the id for another take', async () => {
    const { take } = await world();
    const first = await take({ idempotencyKey: 'a', cost: 2 });
    expect(await take({ idempotencyKey: 'a', cost: 2 })).toEqual({ ...first, isReplay: true });
    await expect(take({ idempotencyKey: 'a', cost: 1 })).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await takeMany(take, 9)).toBe(2);
  });

  it.each(['', 'k'.repeat(257), '\ud800', 'a\udc00'])('refuses the key %j', async (key) => {
    const { take } = await world();
    await expect(take({ key })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it.each([0, 5, 1.5, Number.NaN])('refuses the cost %d', async (cost) => {
    const { take } = await world();
    await expect(take({ cost })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('goes by a policy that was changed or deleted within a second', async () => {
    const { take, put, clock, policies } = await world();
    await take({ cost: 4 });
    await put.execute('p', { rate: { ...rate, perSeconds: 1 } });
    clock.advance(1_001);
    expect(await take()).toMatchObject({ allowed: false, retryAfterMs: 1_000 });
    await new DeleteLimit(policies).execute('p');
    clock.advance(1_001);
    await expect(take()).rejects.toMatchObject({ code: 'LIMITS_NOT_FOUND' });
  });

  it('is from a new policy at once after another of the same id was deleted, with counts of its own', async () => {
    const { take, put, policies, clock, counts } = await world();
    for (let change = 0; change < 9; change++) await put.execute('p', { rate });
    clock.advance(1_001);
    await take();
    await new DeleteLimit(policies).execute('p');
    clock.advance(-1_010);
    await put.execute('p', { rate });
    clock.advance(2_100);
    expect(await take()).toMatchObject({ allowed: true, degraded: false });
    expect((await counts.read(['p'])).get('p')).toEqual({ allowed: 1, refused: 0, degraded: 0 });
  });

  it('finds everything there again after a reset', async () => {
    const { take, policies, store } = await world();
    await take({ cost: 4 });
    const read = new ReadKey(policies, store);
    expect(await read.execute('p', 'k')).toEqual({ remaining: 0, resetSeconds: 40 });
    await new ResetKey(policies, store).execute('p', 'k');
    expect(await read.execute('p', 'k')).toEqual({ remaining: 4, resetSeconds: 0 });
    expect(await takeMany(take, 9)).toBe(4);
  });
});

describe('without the store, a take', () => {
  it('is allowed where the policy is open, and refused with 503 where it is closed', async () => {
    for (const onStoreFailure of ['open', 'closed'] as const) {
      const { take, state } = await world({ rate, onStoreFailure });
      await take();
      state.isAway = true;
      if (onStoreFailure === 'closed') await expect(take()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      else expect(await take()).toMatchObject({ allowed: true, remaining: 0, degraded: true });
    }
  });

  it('is from this process’s share, and says so', async () => {
    const { take, state, processes, counts } = await world();
    state.isAway = true;
    processes.count = 2;
    expect(await take()).toMatchObject({ allowed: true, remaining: 1, degraded: true });
    expect(await takeMany(take, 9)).toBe(1);
    expect(await take()).toMatchObject({ allowed: false, retryAfterMs: 20_000, degraded: true });
    expect((await counts.read(['p'])).get('p')).toEqual({ allowed: 2, refused: 9, degraded: 11 });
  });

  it('asks it no more after five failures, and once a second whether it is there again', async () => {
    const { take, state, clock } = await world();
    state.isAway = true;
    for (let count = 0; count < 50; count++) await take();
    expect(state.calls).toBe(5);
    clock.advance(1_000);
    for (let count = 0; count < 50; count++) await take();
    expect(state.calls).toBe(6);
    state.isAway = false;
    clock.advance(1_000);
    expect(await take()).toMatchObject({ degraded: false });
  });
});

describe('the buckets in memory', () => {
  const limit = { version: 1, quota: { requests: 2, per: 'month' as const } };
  const request = (key: string) => ({ policyId: 'p', key, limit, accuracy: 'exact' as const, cost: 1 });

  it('are never given back to make room, and who makes up keys gains nothing', async () => {
    const store = new MemoryLimitStore(new FakeClock(), undefined, 100);
    for (let time = 0; time < 2; time++) await store.take(request('victim'));
    let allowed = 0;
    let shared = 0;
    for (let key = 0; key < 20_000; key++) {
      const taken = await store.take(request(`made-up-${key}`));
      if (taken.decision.allowed) allowed++;
      if (taken.isShared) shared++;
    }
    expect((await store.take(request('victim'))).decision.allowed).toBe(false);
    expect(shared).toBe(19_901);
    expect(allowed).toBeLessThanOrEqual(99 + 2 * 4_096);
  });

  it('are forgotten once they are full again', async () => {
    const clock = new FakeClock();
    const store = new MemoryLimitStore(clock, undefined, 100);
    const rateOfOne = { ...request('k'), limit: { version: 1, rate: { requests: 1, perSeconds: 1, burst: 1 } } };
    for (let key = 0; key < 1_000; key++) {
      expect((await store.take({ ...rateOfOne, key: `k${key}` })).isShared).toBeUndefined();
      clock.advance(20);
    }
  });
});
