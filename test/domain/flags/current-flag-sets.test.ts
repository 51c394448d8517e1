import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryFlagStore } from '../../../src/adapters/memory/flag-store.ts';
import { AdvanceFlagSet } from '../../../src/domain/flags/advance-flag-set.ts';
import { ChangeFlags } from '../../../src/domain/flags/change-flags.ts';
import { CurrentFlagSets } from '../../../src/domain/flags/current-flag-sets.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { aFlag, ruleIf } from '../../helpers/flags.ts';

/** Counts what is read, and can be away. */
class WatchedStore extends MemoryFlagStore {
  isAway = false;
  gets = 0;
  revisions = 0;

  override async get(setId: string) {
    this.gets++;
    if (this.isAway) throw storeUnavailable();
    return super.get(setId);
  }

  override async revision(setId: string) {
    this.revisions++;
    if (this.isAway) throw storeUnavailable();
    return super.revision(setId);
  }
}

describe('the current flag sets of a process', () => {
  let clock: FakeClock;
  let store: WatchedStore;
  let current: CurrentFlagSets;
  /** Changes the set as another process does. */
  let elsewhere: ChangeFlags;

  const processOf = (): CurrentFlagSets => new CurrentFlagSets(store, new AdvanceFlagSet(store, clock), clock);
  const put = (changes: ChangeFlags, key: string, fields = {}) =>
    changes.put({ setId: 'web', by: 'admin' }, key, aFlag(key, fields));

  beforeEach(async () => {
    clock = new FakeClock();
    store = new WatchedStore();
    current = processOf();
    elsewhere = new ChangeFlags(store, processOf(), clock);
    await store.create({ setId: 'web', createdAt: clock.now() });
  });

  it('are read once for all who ask within 250 ms, and whole only when they have changed', async () => {
    const many = await Promise.all(Array.from({ length: 50 }, () => current.read('web')));
    expect(new Set(many).size).toBe(1);
    await current.read('web');
    expect([store.gets, store.revisions]).toEqual([1, 0]);

    clock.advance(250);
    await Promise.all([current.read('web'), current.read('web')]);
    expect([store.gets, store.revisions]).toEqual([1, 1]);
    await put(elsewhere, 'a');
    expect((await current.read('web')).set.revision).toBe(0);
    clock.advance(250);
    expect((await current.read('web')).set.revision).toBe(1);
  });

  it('have the changes of their own process at once', async () => {
    await current.read('web');
    await put(new ChangeFlags(store, current, clock), 'a');
    expect((await current.read('web')).set.flags.has('a')).toBe(true);
  });

  it('serve on while the store is away, and say since when; nobody waits for it, and what is new is found again', async () => {
    await put(elsewhere, 'a');
    const asOf = clock.now();
    expect(await current.read('web')).toMatchObject({ stale: false, asOf });
    await put(elsewhere, 'b');
    store.isAway = true;
    clock.advance(60_000);
    expect(await current.read('web')).toMatchObject({ stale: true, asOf, set: { revision: 1 } });
    expect(await current.read('web')).toMatchObject({ stale: true, asOf });
    await expect(processOf().read('web')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });

    store.isAway = false;
    const found = await eventually(
      () => current.read('web'),
      ({ stale }) => !stale,
      2_000,
    );
    expect(found).toMatchObject({ asOf: clock.now(), set: { revision: 2 } });
  });

  it('never go back to an earlier revision', async () => {
    await put(elsewhere, 'a');
    await current.read('web');
    // A replica of the store that is behind.
    store.revision = async () => 0;
    clock.advance(250);
    expect((await current.read('web')).set.revision).toBe(1);
  });

  it('are missed when they were deleted, here or elsewhere', async () => {
    await current.read('web');
    await store.delete('web', 0);
    clock.advance(250);
    await expect(current.read('web')).rejects.toMatchObject({ code: 'FLAGS_SET_NOT_FOUND' });
  });

  it('turn by time once, whichever process notices it first', async () => {
    const instant = new Date(clock.now() + 100).toISOString();
    await put(elsewhere, 'a', { rules: ruleIf('now', 'after', instant) });
    const others = [current, processOf(), processOf()];
    for (const each of others) expect((await each.read('web')).set.revision).toBe(1);
    clock.advance(100);
    const turned = await Promise.all(others.map((each) => each.read('web')));
    expect(turned.map(({ set }) => [set.revision, set.updatedAt])).toEqual(Array(3).fill([2, clock.now()]));
    expect((await store.history('web', { limit: 10 })).items).toHaveLength(2);
  });
});
