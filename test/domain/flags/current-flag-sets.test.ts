import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryFlagStore } from '../../../src/adapters/memory/flag-store.ts';
import { AdvanceFlagSet } from '../../../src/domain/flags/advance-flag-set.ts';
import { ChangeFlags } from '../../../src/domain/flags/change-flags.ts';
import { CurrentFlagSets } from '../../../src/domain/flags/current-flag-sets.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import type { Clock } from '../../../src/ports/system.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { aFlag, ruleIf } from '../../helpers/flags.ts';

/** Counts what is read, takes its time, and can be away or read-only. */
class WatchedStore extends MemoryFlagStore {
  isAway = false;
  isReadOnly = false;
  gets = 0;
  revisions = 0;
  /** What happens between the question and its answer. */
  whileAsked = () => {};
  /** When answers arrive, which are decided before. */
  answering: Promise<unknown> = Promise.resolve();

  override async get(setId: string) {
    this.gets++;
    return this.answer(() => super.get(setId));
  }

  override async revision(setId: string) {
    this.revisions++;
    return this.answer(() => super.revision(setId));
  }

  override async commit(...[set, revision]: Parameters<MemoryFlagStore['commit']>) {
    if (this.isReadOnly) throw storeUnavailable();
    return super.commit(set, revision);
  }

  private async answer<T>(read: () => Promise<T>): Promise<T> {
    this.whileAsked();
    if (this.isAway) throw storeUnavailable();
    const [answer] = await Promise.all([read(), this.answering]);
    return answer;
  }
}

describe('the current flag sets of a process', () => {
  let clock: FakeClock;
  /** By which what is known grows old: the other one, but for a clock that stands still. */
  let ages: Clock;
  let store: WatchedStore;
  let current: CurrentFlagSets;
  /** Changes the set as another process does. */
  let elsewhere: ChangeFlags;

  const processOf = (): CurrentFlagSets => new CurrentFlagSets(store, new AdvanceFlagSet(store, clock), clock, ages);
  const put = (changes: ChangeFlags, key: string, fields = {}) =>
    changes.put({ setId: 'web', by: 'admin' }, key, aFlag(key, fields));

  beforeEach(async () => {
    clock = ages = new FakeClock();
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
    // An answer that was overtaken.
    store.revision = async () => 0;
    clock.advance(250);
    expect((await current.read('web')).set.revision).toBe(1);
  });

  it('say of the time before the store was asked that they were the newest then, and grow old from then on', async () => {
    store.whileAsked = () => clock.advance(100);
    const asOf = clock.now();
    expect(await current.read('web')).toMatchObject({ asOf });
    store.whileAsked = () => {};
    await put(elsewhere, 'a');
    clock.advance(149);
    expect((await current.read('web')).set.revision).toBe(0);
    clock.advance(1);
    expect((await current.read('web')).set.revision).toBe(1);
  });

  it('are asked for after a pause in which the clock of the store stood still', async () => {
    const others = new FakeClock();
    ages = others;
    current = processOf();
    await current.read('web');
    await put(elsewhere, 'a');
    others.advance(250);
    expect((await current.read('web')).set.revision).toBe(1);
  });

  it('are at least of the revision that a client has from another process', async () => {
    await current.read('web');
    await put(elsewhere, 'a');
    expect((await current.read('web')).set.revision).toBe(0);
    expect((await current.read('web', 1)).set.revision).toBe(1);

    // The store was asked for others before the next was made.
    clock.advance(250);
    let answer = () => {};
    store.answering = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const asked = store.revisions;
    const others = current.read('web');
    while (store.revisions === asked) await Promise.resolve();
    store.answering = Promise.resolve();
    await put(elsewhere, 'b');
    const own = current.read('web', 2);
    answer();
    expect((await others).set.revision).toBe(1);
    expect((await own).set.revision).toBe(2);
  });

  it('are what they are where a client names a revision that there is not, after a look or two for all who ask at once', async () => {
    await put(elsewhere, 'a');
    await current.read('web');
    const asked = store.revisions;
    const many = await Promise.all(Array.from({ length: 20 }, () => current.read('web', 10 ** 15 - 1)));
    expect(new Set(many.map(({ set }) => set.revision))).toEqual(new Set([1]));
    expect(store.revisions - asked).toBe(2);
    await current.read('web', 2);
    expect(store.revisions - asked).toBe(3);
  });

  it('are refused rather than given in an earlier revision than a client knows, while the store is away', async () => {
    await put(elsewhere, 'a');
    await current.read('web');
    store.isAway = true;
    clock.advance(250);
    await expect(current.read('web', 2)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await current.read('web', 1)).toMatchObject({ stale: true, set: { revision: 1 } });
  });

  it('serve in the newest revision that can be read where the store takes no revision for a time that has come', async () => {
    await put(elsewhere, 'a', { rules: ruleIf('now', 'after', new Date(clock.now() + 1_000).toISOString()) });
    await current.read('web');
    await put(elsewhere, 'b');
    clock.advance(1_000);
    store.isReadOnly = true;
    for (const each of [current, processOf()])
      expect(await each.read('web')).toMatchObject({ stale: true, set: { revision: 2 } });
    store.isReadOnly = false;
    const turned = await eventually(
      () => current.read('web'),
      ({ stale }) => !stale,
      2_000,
    );
    expect(turned.set.revision).toBe(3);
  });

  it('are waited for again when nobody has asked for a while since the store was away', async () => {
    await current.read('web');
    store.isAway = true;
    clock.advance(250);
    expect(await current.read('web')).toMatchObject({ stale: true });
    store.isAway = false;
    await put(elsewhere, 'a');
    clock.advance(30_000);
    expect(await current.read('web')).toMatchObject({ stale: false, set: { revision: 1 } });
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
