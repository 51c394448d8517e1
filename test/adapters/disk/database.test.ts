import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { MemoryChangeFeed } from '../../../src/adapters/memory/change-feed.ts';
import { MemoryStockStore } from '../../../src/adapters/memory/stock-store.ts';
import { MemoryTallyStore } from '../../../src/adapters/memory/tally-store.ts';
import { MemoryVoteLedger } from '../../../src/adapters/memory/vote-ledger.ts';
import type { ShardImage } from '../../../src/domain/votes/tally.ts';
import { eventually } from '../../helpers/eventually.ts';
import { seededRandom } from '../../helpers/fakes.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';

/** While a test holds the syncs back, each waits here until it is let go. */
let held: ((error?: Error) => void)[] | undefined;
let syncs = 0;
const fdatasync = (fd: number, done: (error: Error | null) => void): void => {
  syncs++;
  if (held) held.push((error) => (error ? done(error) : fs.fdatasync(fd, done)));
  else fs.fdatasync(fd, done);
};
/** The folders whose names of files were synced, and all that was opened, by its descriptor. */
const syncedFolders: string[] = [];
const opened = new Map<number, string>();
const openSync: typeof fs.openSync = (path, ...how) => {
  const fd = fs.openSync(path, ...how);
  opened.set(fd, String(path));
  return fd;
};
const fsyncSync = (fd: number): void => {
  syncedFolders.push(opened.get(fd) ?? '');
  fs.fsyncSync(fd);
};
jest.unstable_mockModule('node:fs', () => ({ ...fs, fdatasync, fsyncSync, openSync }));
const { openDataDir } = await import('../../../src/adapters/disk/data-dir.ts');
const { Database } = await import('../../../src/adapters/disk/database.ts');
const { diskMaps } = await import('../../../src/adapters/disk/maps.ts');
const { DiskTaskStore } = await import('../../../src/adapters/disk/task-store.ts');
const { durable } = await import('../../../src/adapters/disk/durable.ts');

type Database = InstanceType<typeof Database>;

const root = fs.mkdtempSync(join(tmpdir(), 'portside-database-'));
let made = 0;
let directory: string;
let disk: Database;
const lost: unknown[] = [];
/** Runs SQL on the connection of the database that is open. */
let exec: (sql: string) => void;

function open(): void {
  const dataDir = openDataDir(directory);
  exec = (sql) => dataDir.database.exec(sql);
  disk = new Database(dataDir, (error) => lost.push(error));
}

async function reopen(): Promise<void> {
  await disk.close();
  open();
}

beforeEach(() => {
  directory = join(root, `${++made}`);
  open();
});
afterEach(async () => {
  held = undefined;
  await disk.close();
});
afterAll(() => fs.rmSync(root, { recursive: true }));

const NOW = Date.UTC(2026, 0, 1);
const change = (stockId: string, value = '1') => ({ stockId, value, currency: 'EUR', updatedAt: NOW });

/** Makes the disk full: nothing that needs a new page can be stored. */
const fill = () => exec('PRAGMA max_page_count = 1');
const makeRoom = () => exec('PRAGMA max_page_count = 1000000');

describe('a change on disk', () => {
  it('is answered once it is synced, and not before', async () => {
    const stocks = durable(disk, new MemoryStockStore([], diskMaps(disk)));
    held = [];
    let isAnswered = false;
    const put = stocks.put(change('A')).then(() => {
      isAnswered = true;
    });
    const [sync] = await eventually(
      () => held ?? [],
      (waiting) => waiting.length === 1,
    );
    await new Promise(setImmediate);
    expect(isAnswered).toBe(false);
    const seen = disk.durable();
    expect(seen).toBeInstanceOf(Promise);

    sync?.();
    await put;
    await seen;
    expect(disk.durable()).toBeUndefined();
  });

  it('shares its sync with all that are made while another one is under way', async () => {
    const stocks = durable(disk, new MemoryStockStore([], diskMaps(disk)));
    held = [];
    const first = stocks.put(change('first'));
    const [sync] = await eventually(
      () => held ?? [],
      (waiting) => waiting.length === 1,
    );
    syncs = 0;
    const puts = Array.from({ length: 500 }, (_, number) => stocks.put(change(`${number}`)));
    held = undefined;
    sync?.();
    await Promise.all([first, ...puts]);
    expect(syncs).toBeLessThanOrEqual(3);
  });

  it('that cannot be synced is not answered, and the process is told to end', async () => {
    const stocks = durable(disk, new MemoryStockStore([], diskMaps(disk)));
    held = [];
    void stocks.put(change('A'));
    const [sync] = await eventually(
      () => held ?? [],
      (waiting) => waiting.length === 1,
    );
    const failure = new Error('EIO');
    sync?.(failure);
    await eventually(
      () => lost,
      (errors) => errors.length === 1,
    );
    expect(lost.splice(0)).toEqual([failure]);
    // Nothing is durable any more, and closing does not wait for it.
    const { database } = disk as unknown as { database: { isOpen: boolean } };
    expect(database.isOpen).toBe(true);
    Object.assign(disk, { syncing: [] });
  });

  it('that finds no room is refused and taken back in memory as well, until there is room', async () => {
    const stocks = durable(disk, new MemoryStockStore([], diskMaps(disk)));
    const long = '1'.repeat(10_000);
    await stocks.put(change('kept'));
    fill();
    const refused = await Promise.allSettled([stocks.put(change('A', long)), stocks.put(change('B', long))]);
    expect(refused).toEqual(
      Array(2).fill({ status: 'rejected', reason: expect.objectContaining({ code: 'STORE_UNAVAILABLE' }) }),
    );
    expect(await disk.check()).toBe('full');
    expect((await stocks.list({ limit: 10 })).items.map(({ stockId }) => stockId)).toEqual(['kept']);
    expect(disk.durable()).toBeUndefined();

    makeRoom();
    await stocks.put(change('A', long));
    expect(await disk.check()).toBe('ok');
    await reopen();
    const again = new MemoryStockStore([], diskMaps(disk));
    expect((await again.list({ limit: 10 })).items.map(({ stockId }) => stockId)).toEqual(['A', 'kept']);
  });
});

describe('a database', () => {
  it('that is closed makes what is under way durable first, and refuses what comes later', async () => {
    const stocks = durable(disk, new MemoryStockStore([], diskMaps(disk)));
    const tasks = durable(disk, new DiskTaskStore(disk, 1));
    const last = stocks.put(change('A'));
    const closed = disk.close();
    const late = [stocks.put(change('B')), stocks.get('A'), tasks.get('t')];
    const unavailable = { status: 'rejected', reason: expect.objectContaining({ code: 'STORE_UNAVAILABLE' }) };
    expect(await Promise.allSettled(late)).toEqual(late.map(() => unavailable));
    await last;
    await closed;
    expect(await Promise.allSettled([stocks.get('A'), tasks.get('t')])).toEqual([unavailable, unavailable]);
    open();
    const again = new MemoryStockStore([], diskMaps(disk));
    expect((await again.list({ limit: 10 })).items.map(({ stockId }) => stockId)).toEqual(['A']);
  });

  it('is closed once each sync has ended, also when the last commit fails', async () => {
    held = [];
    const stocks = durable(disk, new MemoryStockStore([], diskMaps(disk)));
    const first = stocks.put(change('A'));
    const [sync] = await eventually(
      () => held ?? [],
      (waiting) => waiting.length === 1,
    );
    const second = stocks.put(change('B')).catch(({ code }) => code);
    exec('ROLLBACK');
    let isClosed = false;
    const closed = disk.close().then(() => {
      isClosed = true;
    });
    expect(await second).toBe('STORE_UNAVAILABLE');
    await new Promise(setImmediate);
    expect(isClosed).toBe(false);
    sync?.();
    await Promise.all([first, closed]);
    open();
  });

  it('syncs the name of its folder, and of each parent that was made', () => {
    const parent = join(root, `${++made}`);
    syncedFolders.length = 0;
    openDataDir(join(parent, 'a', 'b')).release();
    const expected = [root, parent, join(parent, 'a'), join(parent, 'a', 'b')];
    expect(expected.filter((folder) => !syncedFolders.includes(folder))).toEqual([]);
  });
});

describe('a read of a store on disk', () => {
  const stocksOf = () => durable(disk, new MemoryStockStore([], diskMaps(disk)));
  const nextSync = () =>
    eventually(
      () => held?.shift(),
      (sync) => sync !== undefined,
    );

  it('waits for the newest change of its own store, and for no other store', async () => {
    const stocks = stocksOf();
    const others = durable(disk, new MemoryTallyStore(diskMaps(disk)));
    held = [];
    void stocks.put(change('A'));
    let isRead = false;
    const read = stocks.get('A').then((stock) => {
      isRead = true;
      return stock;
    });
    const sync = await nextSync();
    expect(await others.get('colors')).toBeUndefined();
    expect(isRead).toBe(false);
    sync?.();
    expect(await read).toMatchObject({ stockId: 'A' });
  });

  it('is made again when what it saw is taken back, and waits for what was there before', async () => {
    const stocks = stocksOf();
    held = [];
    const first = stocks.put(change('A', '1'));
    const sync = await nextSync();
    const second = stocks.put(change('A', '2'));
    const read = stocks.get('A');
    // The second transaction cannot be committed.
    exec('ROLLBACK');
    await expect(second).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    let isRead = false;
    void read.then(() => {
      isRead = true;
    });
    await new Promise(setImmediate);
    expect(isRead).toBe(false);
    held = undefined;
    sync?.();
    await first;
    expect(await read).toMatchObject({ value: '1' });
  });

  it('repeats a change whose first copy is taken back', async () => {
    const feed = new MemoryChangeFeed<ShardImage>();
    const ledger = durable(disk, new MemoryVoteLedger(seededRandom(1), feed, diskMaps(disk)));
    const copies = [1, 2].map(() => ledger.record(aPoll(), aBallot('v1')));
    exec('ROLLBACK');
    const [first, repeat] = await Promise.allSettled(copies);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } });
    expect(repeat).toEqual({ status: 'fulfilled', value: { kind: 'counted' } });
    expect(await ledger.countBallots(aPoll())).toMatchObject({ ballots: 1 });
  });
});

describe('a map on disk', () => {
  it('is one for all who ask for its name', () => {
    const maps = diskMaps(disk);
    maps.map<number>('shared').set('a', 1);
    expect(maps.map<number>('shared').get('a')).toBe(1);
    expect(maps.map('other').has('a')).toBe(false);
  });

  const key = fc.constantFrom('a', 'b', 'c', '__proto__', '');
  const odd = fc.dictionary(fc.constantFrom('$map', '$set', '$$map', '$', 'a'), fc.jsonValue());
  const value = fc.oneof(fc.jsonValue(), odd);
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('set' as const), key, value }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
    fc.record({ do: fc.constant('clear' as const) }),
    fc.record({ do: fc.constant('reopen' as const) }),
    fc.record({ do: fc.constant('settle' as const) }),
    { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), key, value }) },
  );

  it('is what a map in memory would be, over restarts and changes that are taken back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const name = `map-${++made}`;
        let map = diskMaps(disk).map<unknown>(name);
        const model = new Map<string, unknown>();
        for (const each of steps) {
          if (each.do === 'set') {
            map.set(each.key, each.value);
            model.set(each.key, each.value);
          } else if (each.do === 'delete') expect(map.delete(each.key)).toBe(model.delete(each.key));
          else if (each.do === 'clear') {
            map.clear();
            model.clear();
          } else if (each.do === 'settle') await disk.durable();
          else if (each.do === 'reopen') {
            await reopen();
            map = diskMaps(disk).map(name);
          } else {
            await disk.durable();
            map.set(each.key, each.value);
            map.delete('a');
            // The transaction cannot be committed.
            exec('ROLLBACK');
            await expect(disk.durable()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
          }
          expect(sorted(map)).toEqual(sorted(model));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the feed of changes on disk', () => {
  it('delivers after a restart what was committed and not taken, as it is then', async () => {
    const state = new Map<string, string>();
    const feedOf = () => {
      const feed = new MemoryChangeFeed<string>(diskMaps(disk).map('changes'), undefined, () => disk.durable());
      feed.readBy((item) => state.get(item) as string);
      return feed;
    };
    const feed = feedOf();
    const change = (item: string, value: string) => {
      state.set(item, value);
      feed.append(item);
    };
    const taken: string[][] = [];
    const taking = {
      changes: async (batch: readonly string[]) => void taken.push([...batch]),
      gap: async () => undefined,
    };
    const failing = { changes: async () => Promise.reject(new Error('not now')), gap: async () => undefined };
    change('one', 'first');
    change('one', 'second');
    change('two', 'third');
    void feed.start(failing);
    await feed.stop();
    await reopen();

    const later = feedOf();
    await later.start(taking);
    expect(taken).toEqual([['second', 'third']]);
    await later.stop();
    await reopen();
    const none = feedOf();
    await none.start(taking);
    expect(taken).toHaveLength(1);
    await none.stop();
  });

  it('delivers an item again that changes while it is handled', async () => {
    let state = 1;
    const feed = new MemoryChangeFeed<number>(diskMaps(disk).map('changes'));
    feed.readBy(() => state);
    const taken: number[] = [];
    feed.append('one');
    await feed.start({
      changes: async (batch) => {
        taken.push(...batch);
        if (state === 2) return;
        state = 2;
        feed.append('one');
      },
      gap: async () => undefined,
    });
    expect(taken).toEqual([1, 2]);
    await feed.stop();
  });
});

const sorted = (map: ReadonlyMap<string, unknown>): unknown[] =>
  [...map.keys()].sort().map((key) => [key, map.get(key)]);
