import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Limit } from '../../src/domain/limits/policy.ts';
import type { LimitStore, TakeRequest } from '../../src/ports/limits.ts';

export interface LimitStoreWorld {
  readonly store: LimitStore;
  /** The same store as another process sees it. */
  readonly other: LimitStore;
  /** Lets time pass, ms. */
  pass(ms: number): Promise<void> | void;
}

/** So slow that no test sees it refill by itself. */
const rate = { requests: 1, perSeconds: 600, burst: 5 };
const limit: Limit = { version: 1, rate };

const aTake = (fields: Partial<TakeRequest> = {}): TakeRequest => ({
  policyId: 'p',
  key: 'k',
  limit,
  accuracy: 'exact',
  cost: 1,
  ...fields,
});

/** @param make a new, empty store */
export function describeLimitStore(name: string, make: () => Promise<LimitStoreWorld>): void {
  describe(`LimitStore: ${name}`, () => {
    let world: LimitStoreWorld;
    let store: LimitStore;
    const allowed = async (fields: Partial<TakeRequest> = {}, of = store) =>
      (await of.take(aTake(fields))).decision.allowed;
    beforeEach(async () => {
      world = await make();
      store = world.store;
    });

    it('gives out the burst, tells what remains, and then refuses until the time that it tells', async () => {
      for (const remaining of [4, 3, 2, 1, 0])
        expect((await store.take(aTake())).decision).toMatchObject({ allowed: true, remaining });
      const { decision, at } = await store.take(aTake());

      expect(decision).toMatchObject({ allowed: false, remaining: 0, violated: 'rate' });
      const waitMs = (decision.retryAt as number) - at;
      expect(waitMs).toBeGreaterThan(570_000);
      expect(waitMs).toBeLessThanOrEqual(600_000);
      await world.pass(waitMs - 5_000);
      expect(await allowed()).toBe(false);
      await world.pass(6_000);
      expect([await allowed(), await allowed()]).toEqual([true, false]);
    });

    it('is one for all processes', async () => {
      for (const of of [store, world.other, store, world.other, world.other]) expect(await allowed({}, of)).toBe(true);
      expect([await allowed(), await allowed({}, world.other)]).toEqual([false, false]);
    });

    it('gives out exactly what there is to many at once, of two processes', async () => {
      const takes = await Promise.all(
        Array.from({ length: 60 }, (_, index) => allowed({}, index % 2 ? store : world.other)),
      );
      expect(takes.filter(Boolean)).toHaveLength(5);
    });

    it('takes costs above one, or nothing', async () => {
      expect(await allowed({ cost: 4 })).toBe(true);
      expect(await allowed({ cost: 2 })).toBe(false);
      expect((await store.take(aTake())).decision).toMatchObject({ allowed: true, remaining: 0 });
    });

    it('counts a quota, and begins again with the next period', async () => {
      const quota = { version: 1, quota: { requests: 2, per: 'hour' as const } };
      expect([await allowed({ limit: quota }), await allowed({ limit: quota })]).toEqual([true, true]);
      const { decision, at } = await store.take(aTake({ limit: quota }));

      expect(decision).toMatchObject({ allowed: false, violated: 'quota' });
      const end = decision.retryAt as number;
      expect(end % 3_600_000).toBe(0);
      expect(end - at).toBeLessThanOrEqual(3_600_000);
      await world.pass(end - at + 1_000);
      expect(await allowed({ limit: quota })).toBe(true);
    });

    it.each(['day', 'month'] as const)('counts the quota of a %s to its end in UTC', async (per) => {
      const quota = { version: 1, quota: { requests: 1, per } };
      await store.take(aTake({ limit: quota }));
      const { decision, at } = await store.take(aTake({ limit: quota }));

      const day = new Date(at);
      const end =
        per === 'day'
          ? Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 1)
          : Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1);
      expect(decision.retryAt).toBe(end);
    });

    it('takes from rate and quota, or from neither', async () => {
      const both = { version: 1, rate, quota: { requests: 3, per: 'month' as const } };
      for (let count = 0; count < 3; count++) expect(await allowed({ limit: both })).toBe(true);
      expect(await allowed({ limit: both })).toBe(false);
      const { state } = await store.read(aTake());
      expect(state?.used).toBe(3);
      expect((await store.take(aTake({ limit: { ...both, version: 2, quota: undefined } as Limit }))).decision).toEqual(
        expect.objectContaining({ allowed: true, remaining: 1 }),
      );
    });

    it('keeps every key of every policy apart, whatever it is', async () => {
      const keys = [
        '__proto__',
        'constructor',
        '\u0000',
        'a b',
        'a',
        ' ',
        '\u202eabc',
        'k'.repeat(256),
        '😀',
        'é',
        'e\u0301',
      ];
      for (const key of keys)
        for (const policyId of ['p', 'p2']) expect(await allowed({ key, policyId, cost: 5 })).toBe(true);
      for (const key of keys) expect(await allowed({ key })).toBe(false);
    });

    it('tells what is kept of a key, and takes nothing for it', async () => {
      expect((await store.read(aTake())).state).toBeUndefined();
      const { state } = await store.take(aTake({ cost: 2 }));
      expect((await world.other.read(aTake())).state).toEqual(state);
      expect(await allowed({ cost: 3 })).toBe(true);
    });

    it('gives everything back to a key that is reset, once and to it alone, in all processes that know of it', async () => {
      for (const key of ['k', 'other']) await store.take(aTake({ key, cost: 5 }));
      expect(await allowed({}, world.other)).toBe(false);
      await store.reset(aTake());
      await store.reset(aTake());

      expect(await allowed({ cost: 5, resets: 1 }, world.other)).toBe(true);
      expect(await allowed({ key: 'other', resets: 1 })).toBe(false);
    });

    it('answers the repeat of an allowed take the same, to any process, and takes nothing', async () => {
      const id = { id: 'one', content: 'x' };
      const first = await store.take(aTake({ id }));
      await store.take(aTake({ cost: 4 }));
      expect(await allowed()).toBe(false);
      for (const of of [store, world.other]) {
        const again = await of.take(aTake({ id }));
        expect(again).toMatchObject({ isReplay: true, decision: first.decision, at: first.at });
      }
      await world.pass(61_000);
      expect(await allowed({ id })).toBe(false);
    });

    it('takes once for copies with one id that arrive at once', async () => {
      const id = { id: 'one', content: 'x' };
      const takes = await Promise.all(
        Array.from({ length: 8 }, (_, index) => (index % 2 ? store : world.other).take(aTake({ id }))),
      );
      expect(takes.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
      expect(new Set(takes.map(({ decision }) => decision.remaining))).toEqual(new Set([4]));
    });

    it('refuses an id with other content, and remembers no refusal under one', async () => {
      await store.take(aTake({ cost: 5, id: { id: 'one', content: 'x' } }));
      await expect(store.take(aTake({ id: { id: 'one', content: 'y' } }))).rejects.toMatchObject({
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
      await expect(world.other.take(aTake({ key: 'another', id: { id: 'one', content: 'y' } }))).rejects.toMatchObject({
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
      expect((await store.read(aTake({ key: 'another' }))).state).toBeUndefined();
      const id = { id: 'two', content: 'x' };
      expect(await allowed({ id })).toBe(false);
      await store.reset(aTake());
      expect(await allowed({ id, resets: 1 })).toBe(true);
    });

    it('keeps the ids of policies apart, and what keys and ids have in them', async () => {
      for (const policyId of ['p', 'p2'])
        expect(await allowed({ policyId, id: { id: 'one', content: policyId } })).toBe(true);
      expect(await allowed({ key: 'a b', id: { id: 'c', content: '1' } })).toBe(true);
      expect(await allowed({ key: 'a', id: { id: 'b c', content: '2' } })).toBe(true);
    });

    it('goes over to a newer version of a limit once, and tells a process that knows an older one', async () => {
      await store.take(aTake({ cost: 5 }));
      const newer = { version: 2, rate: { requests: 1, perSeconds: 1, burst: 5 } };
      const refused = await store.take(aTake({ limit: newer }));

      expect(refused.decision.allowed).toBe(false);
      expect((refused.decision.retryAt as number) - refused.at).toBeLessThanOrEqual(1_000);
      await world.pass(1_100);
      expect(await allowed({ limit: newer }, world.other)).toBe(true);
      await expect(world.other.take(aTake())).rejects.toMatchObject({ code: 'LIMITS_POLICY_OUTDATED', version: 2 });
    });
  });
}
