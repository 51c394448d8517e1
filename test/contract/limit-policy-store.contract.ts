import { beforeEach, describe, expect, it } from '@jest/globals';
import { type LimitPolicy, type LimitSettings, limitSettings } from '../../src/domain/limits/policy.ts';
import type { LimitPolicyStore } from '../../src/ports/limits.ts';

const NOW = Date.UTC(2026, 0, 1);

const settings = (burst = 5): LimitSettings => limitSettings({ rate: { requests: 1, perSeconds: 1, burst } });

/** @param make a new, empty store */
export function describeLimitPolicyStore(name: string, make: () => Promise<LimitPolicyStore>): void {
  describe(`LimitPolicyStore: ${name}`, () => {
    let store: LimitPolicyStore;
    const put = async (policyId: string, seen?: LimitPolicy, burst?: number) =>
      (await store.replace(policyId, seen, settings(burst), NOW)) as LimitPolicy;
    beforeEach(async () => {
      store = await make();
    });

    it('stores a policy and gives it back', async () => {
      expect(await store.get('p')).toBeUndefined();
      const policy = await put('p');
      expect(policy).toEqual({ policyId: 'p', ...settings(), version: NOW, resets: 0 });
      expect(await store.get('p')).toEqual(policy);
      expect(await store.get('P')).toBeUndefined();
    });

    it('replaces one that is as it was seen, under a later version, and no other', async () => {
      const first = await put('p');
      expect(await put('p')).toBeUndefined();
      const second = await put('p', first, 7);
      expect(second).toMatchObject({ version: NOW + 1, rate: { burst: 7 } });
      expect(await put('p', first, 8)).toBeUndefined();
      expect(await put('q', first)).toBeUndefined();
      expect(await store.get('p')).toEqual(second);
    });

    it('lets one of many replace at once', async () => {
      const seen = await put('p');
      const puts = await Promise.all(Array.from({ length: 8 }, () => put('p', seen, 9)));
      expect(puts.filter(Boolean)).toHaveLength(1);
    });

    it('deletes one that is as it was seen, once', async () => {
      const first = await put('p');
      const second = await put('p', first);
      expect(await store.delete(first)).toBe(false);
      expect(await store.delete(second)).toBe(true);
      expect(await store.delete(second)).toBe(false);
      expect(await store.get('p')).toBeUndefined();
    });

    it('begins a new one above the versions of all that were deleted', async () => {
      const [first, other] = [await put('p'), await put('q')];
      const second = await put('p', first, 7);
      await store.delete(second);
      await store.delete(other);
      const again = await put('p');
      expect(again.version).toBeGreaterThan(second.version);
      await store.delete(again);
      expect((await put('p')).version).toBeGreaterThan(again.version);
      expect((await store.list({ limit: 9 })).items.map(({ policyId }) => policyId)).toEqual(['p']);
    });

    it('counts resets through changes, and makes no policy of them', async () => {
      await store.noteReset('p');
      expect(await store.get('p')).toBeUndefined();
      const policy = await put('p');
      await store.noteReset('p');
      await store.noteReset('p');
      expect(await store.get('p')).toEqual({ ...policy, resets: 2 });
      expect((await put('p', policy)).resets).toBe(2);
    });

    it('lists every policy once, by id, page by page', async () => {
      const ids = ['a', 'b-1', 'Z', 'constructor', 'x'.repeat(64), '0'];
      for (const id of ids) await put(id);
      const listed: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list({ limit: 2, ...(cursor !== undefined && { cursor }) });
        listed.push(...page.items.map(({ policyId }) => policyId));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(listed).toEqual(ids.sort());
      await expect(store.list({ limit: 2, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });
  });
}
