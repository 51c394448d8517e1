import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { MemoryChangeFeed } from '../../../src/adapters/memory/change-feed.ts';
import { MemoryStockStore } from '../../../src/adapters/memory/stock-store.ts';
import { eventually } from '../../helpers/eventually.ts';

/** While a test holds the syncs back, each waits here until it is let go. */
let held: ((error?: Error) => void)[] | undefined;
let syncs = 0;
const fdatasync = (fd: number, done: (error: Error | null) => void): void => {
  syncs++;
  if (held) held.push((error) => (error ? done(error) : fs.fdatasync(fd, done)));
  else fs.fdatasync(fd, done);
};
jest.unstable_mockModule('node:fs', () => ({ ...fs, fdatasync }));
const { openDataDir } = await import('../../../src/adapters/disk/data-dir.ts');
const { Database } = await import('../../../src/adapters/disk/database.ts');
const { diskMaps } = await import('../../../src/adapters/disk/maps.ts');
const { durable, followRequest } = await import('../../../src/adapters/disk/durable.ts');

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
  disk = new Database(dataDir, { onSyncFailed: (error) => lost.push(error) });
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
  it('is answered once it is synced, and is seen by reads before', async () => {
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
    expect(await stocks.get('A')).toMatchObject({ stockId: 'A' });
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

describe('a request', () => {
  /** Follows a request. @returns what its answer waits for */
  const following = async (work: () => Promise<unknown>): Promise<Promise<void> | undefined> => {
    let done: Promise<unknown> = Promise.resolve();
    const durable = followRequest(disk, () => {
      done = work();
    });
    await done;
    return durable();
  };

  it('that only reads waits for what it may have seen, and is refused when that is taken back', async () => {
    const stocks = durable(disk, new MemoryStockStore([], diskMaps(disk)));
    fill();
    const put = stocks.put(change('A', '1'.repeat(10_000)));
    const [refused] = await Promise.allSettled([put]);
    expect(refused?.status).toBe('rejected');
    expect(await following(() => stocks.get('A'))).toBeUndefined();
    makeRoom();

    held = [];
    void stocks.put(change('B'));
    const answer = following(() => stocks.get('B'));
    const [sync] = await eventually(
      () => held ?? [],
      (waiting) => waiting.length === 1,
    );
    sync?.();
    await answer;
    expect(disk.durable()).toBeUndefined();
  });

  it('that made a change is not held to the changes of others, which may fail', async () => {
    const stocks = durable(disk, new MemoryStockStore([], diskMaps(disk)));
    const waits = await following(async () => {
      await stocks.put(change('A'));
      void stocks.put(change('B')).catch(() => undefined);
    });
    expect(waits).toBeUndefined();
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
  it('delivers after a restart what was committed and not taken, and only what is durable', async () => {
    const feedOf = () => new MemoryChangeFeed(diskMaps(disk).map<string>('changes'), undefined, () => disk.durable());
    const feed = feedOf();
    const taken: string[][] = [];
    const failing = { changes: async () => Promise.reject(new Error('not now')), gap: async () => undefined };
    feed.append('one', 'first');
    feed.append('one', 'second');
    feed.append('two', 'third');
    void feed.start(failing);
    await feed.stop();
    await reopen();

    const later = feedOf();
    await later.start({ changes: async (batch) => void taken.push([...batch]), gap: async () => undefined });
    expect(taken).toEqual([['second', 'third']]);
    await later.stop();
    await reopen();
    const none = feedOf();
    await none.start({ changes: async (batch) => void taken.push([...batch]), gap: async () => undefined });
    expect(taken).toHaveLength(1);
    await none.stop();
  });
});

const sorted = (map: ReadonlyMap<string, unknown>): unknown[] =>
  [...map.keys()].sort().map((key) => [key, map.get(key)]);
