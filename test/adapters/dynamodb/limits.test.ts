import { setTimeout as delay } from 'node:timers/promises';
import { type DynamoDBDocumentClient, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LeasedLimits } from '../../../src/adapters/dynamodb/leased-limits.ts';
import { DynamoDbLimitCounts } from '../../../src/adapters/dynamodb/limit-counts.ts';
import { DynamoDbLimitStore } from '../../../src/adapters/dynamodb/limit-store.ts';
import { LimitBusy } from '../../../src/domain/limits/errors.ts';
import { concurrently } from '../../../src/domain/shared/concurrently.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import type { LimitStore, TakeRequest } from '../../../src/ports/limits.ts';
import type { Clock } from '../../../src/ports/system.ts';
import { type ConsumedUnits, countUnits } from '../../helpers/consumed-units.ts';
import { countingIds, FakeClock } from '../../helpers/fakes.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newLimitTable } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

const PATIENCE_MS = 20_000;
const slow = { version: 1, rate: { requests: 1, perSeconds: 600, burst: 100 } };
const fast = { version: 1, rate: { requests: 1_000, perSeconds: 1, burst: 1_000 } };

const aTake = (fields: Partial<TakeRequest> = {}): TakeRequest => ({
  policyId: 'p',
  key: 'k',
  limit: slow,
  accuracy: 'exact',
  cost: 1,
  ...fields,
});

await withServer('Limits on DynamoDB', startDynamoDbLocal, ({ endpoint }) => {
  let client: DynamoDBDocumentClient;
  let units: ConsumedUnits;
  beforeAll(async () => {
    client = await clientOf(endpoint);
    units = countUnits(client);
  });
  afterAll(() => client.destroy());

  /** Processes that share a table, each with a clock that is so far ahead, ms. */
  async function processes(aheadMs: readonly number[]) {
    const table = await newLimitTable(client);
    const clock = new FakeClock();
    const skewed = (ms: number): Clock => ({ now: () => clock.now() + ms, earliest: () => clock.now() + ms });
    const stores = aheadMs.map((ms) => new DynamoDbLimitStore(client, table, skewed(ms), PATIENCE_MS));
    const leased = stores.map((store) => new LeasedLimits(store, () => clock.now()));
    units.reset();
    return { table, clock, stores, leased };
  }

  const takeAll = async (stores: readonly LimitStore[], count: number, fields: Partial<TakeRequest>, inFlight = 64) => {
    const takes = Array.from({ length: count }, (_, index) => stores[index % stores.length] as LimitStore);
    const taken = await concurrently(inFlight, takes, (store) => store.take(aTake(fields)));
    return taken.filter(({ decision }) => decision.allowed).length;
  };

  it('lets exactly 100 of 2,000 takes at once pass, of four processes', async () => {
    const { stores } = await processes([0, 0, 0, 0]);
    expect(await takeAll(stores, 2_000, {})).toBe(100);
  }, 60_000);

  it('lets exactly 100 of 2,000 pass where they are leased, for a few units', async () => {
    const { leased } = await processes([0, 0, 0, 0]);
    expect(await takeAll(leased, 2_000, { accuracy: 'leased' }, 2_000)).toBe(100);
    expect(units.writes).toBeLessThanOrEqual(20);
    expect(units.reads).toBe(0);
  });

  it('costs a unit a take, two with a wrong guess, and nothing once a refusal is known', async () => {
    const { stores } = await processes([0, 0]);
    const [one, other] = stores as [DynamoDbLimitStore, DynamoDbLimitStore];
    for (let count = 0; count < 50; count++) await one.take(aTake());
    expect(units).toMatchObject({ writes: 50, reads: 0 });
    await other.take(aTake());
    expect(units).toMatchObject({ writes: 52, reads: 0 });

    for (let count = 0; count < 49; count++) await other.take(aTake());
    units.reset();
    expect(await takeAll([one], 1, {})).toBe(0);
    expect(units).toMatchObject({ writes: 1, reads: 0 });
    expect(await takeAll([one], 500, {})).toBe(0);
    expect(units).toMatchObject({ writes: 1, reads: 0 });
    const id = { id: 'new', content: '' };
    expect((await one.take(aTake({ id }))).decision.allowed).toBe(false);
    expect(units).toMatchObject({ writes: 1, reads: 1 });
  }, 60_000);

  it('costs at most 0.05 units a take at 1,000 a second where they are leased', async () => {
    const { leased, clock } = await processes([0]);
    let passed = 0;
    for (let ms = 0; ms < 3_000; ms++) {
      clock.advance(1);
      passed += await takeAll(leased, 1, { accuracy: 'leased', limit: fast });
    }
    expect(passed).toBe(3_000);
    expect((units.writes + units.reads) / passed).toBeLessThanOrEqual(0.05);
  }, 60_000);

  it('never lets more than burst and rate pass where they are leased by three processes, and most of it', async () => {
    const { leased, clock } = await processes([0, 0, 0]);
    const limit = { version: 1, rate: { requests: 200, perSeconds: 1, burst: 50 } };
    let passed = 0;
    for (let step = 1; step <= 200; step++) {
      clock.advance(10);
      passed += await takeAll(leased, 9, { accuracy: 'leased', limit });
      expect(passed).toBeLessThanOrEqual(50 + (200 * step) / 100);
    }
    expect(passed).toBeGreaterThan(0.9 * (50 + 400));
  }, 60_000);

  it('serves costs above what is taken at once, and smaller ones beside them', async () => {
    const { leased } = await processes([0]);
    const costs = [60, 30, 20, 10, 1];
    const takes = costs.map((cost) => leased[0]?.take(aTake({ accuracy: 'leased', cost })));
    const passed = (await Promise.all(takes)).map((taken) => taken?.decision.allowed);
    expect(passed).toEqual([true, true, false, true, false]);
  });

  it('takes once under an id where they are leased, and remembers no refusal', async () => {
    const { leased, stores } = await processes([0]);
    const store = leased[0] as LeasedLimits;
    const request = aTake({ accuracy: 'leased', cost: 60, id: { id: 'one', content: 'x' } });
    const [first, again] = await Promise.all([store.take(request), store.take(request)]);
    expect([first.isReplay, again.isReplay]).toEqual([undefined, true]);
    expect(again.decision).toEqual(first.decision);
    expect((await stores[0]?.read(request))?.state).toMatchObject({ tat: expect.any(Number) });
    const other = { ...request, id: { id: 'two', content: 'x' } };
    expect((await store.take(other)).decision.allowed).toBe(false);
    await expect(store.take({ ...request, id: { id: 'one', content: 'y' } })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('takes nothing for costs that cannot be served, and of a quota nothing for later', async () => {
    const { leased, stores } = await processes([0]);
    const [store, exact] = [leased[0] as LeasedLimits, stores[0] as DynamoDbLimitStore];
    const limit = { version: 1, rate: { requests: 1, perSeconds: 3_600, burst: 1_000 } };
    const takes = [1, 600, 600].map((cost) => store.take(aTake({ accuracy: 'leased', limit, cost })));
    const decisions = (await Promise.all(takes)).map(({ decision }) => decision);
    expect(decisions).toMatchObject([{ allowed: true }, { allowed: true }, { allowed: false, remaining: 399 }]);
    expect((await exact.take(aTake({ limit, cost: 399 }))).decision.allowed).toBe(true);

    const quota = { version: 1, quota: { requests: 100, per: 'month' as const } };
    for (let count = 0; count < 33; count++) await store.take(aTake({ key: 'q', accuracy: 'leased', limit: quota }));
    expect((await exact.take(aTake({ key: 'q', limit: quota, cost: 67 }))).decision.allowed).toBe(true);
  });

  it('lets one of the copies take that waited for one that failed, and remembers so many ids', async () => {
    const table = await newLimitTable(client);
    const clock = new FakeClock();
    const exact = new DynamoDbLimitStore(client, table, clock, PATIENCE_MS);
    let failures = 1;
    const takeSome = exact.takeSome.bind(exact);
    exact.takeSome = async (...args) => {
      if (failures-- > 0) throw storeUnavailable();
      return takeSome(...args);
    };
    const store = new LeasedLimits(exact, () => clock.now(), 2);
    const request = (id: string) => aTake({ accuracy: 'leased', cost: 10, id: { id, content: 'x' } });
    const copies = await Promise.allSettled(['one', 'one', 'one'].map((id) => store.take(request(id))));
    expect(copies.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect((await exact.take(aTake({ cost: 90 }))).decision.allowed).toBe(true);

    await store.take({ ...request('two'), key: 'other' });
    await expect(store.take({ ...request('three'), key: 'other' })).rejects.toBeInstanceOf(LimitBusy);
    expect(await store.take(request('one'))).toMatchObject({ isReplay: true });
    clock.advance(60_001);
    expect((await store.take({ ...request('three'), key: 'other' })).decision.allowed).toBe(true);
  });

  describe('a key that many take from under ids', () => {
    const limit = { version: 1, rate: { requests: 1, perSeconds: 600, burst: 1_000 } };
    const keyed = (id: number, fields: Partial<TakeRequest> = {}) =>
      aTake({ limit, id: { id: `id-${id}`, content: 'x' }, ...fields });

    /** A client whose transactions take so long, ms, and how many it has sent. */
    function slowed(ms: number) {
      const sent = { transactions: 0 };
      const send = async (...args: Parameters<DynamoDBDocumentClient['send']>) => {
        if (args[0] instanceof TransactWriteCommand) {
          sent.transactions++;
          await delay(ms);
        }
        return client.send(...args);
      };
      return { sent, slow: { send } as unknown as DynamoDBDocumentClient };
    }

    it('refuses those whose turn comes too late, or that are too many, and does not take for them', async () => {
      const { table, clock } = await processes([]);
      const { sent, slow } = slowed(100);
      const store = new DynamoDbLimitStore(slow, table, clock, 2_000);
      await store.take(aTake({ limit, cost: 1 }));
      const takes = await Promise.allSettled(Array.from({ length: 150 }, (_, id) => store.take(keyed(id))));
      const passed = takes.filter(({ status }) => status === 'fulfilled').length;
      const errors = takes.flatMap((taken) => (taken.status === 'rejected' ? [taken.reason] : []));
      expect(passed).toBeGreaterThan(0);
      expect(errors.length).toBeGreaterThan(130);
      expect(errors.filter((error) => !(error instanceof LimitBusy))).toEqual([]);
      // Those that were told are not taken for later either: whoever comes next does not wait for them.
      expect((await store.take(keyed(200))).decision.allowed).toBe(true);
      expect(sent.transactions).toBe(passed + 1);
      expect((await store.take(aTake({ limit, cost: 1_000 - passed - 2 }))).decision.allowed).toBe(true);
    }, 20_000);
  });

  it('lets clocks that differ by a second gain the rate of that second, once', async () => {
    const { stores, clock } = await processes([-500, 500]);
    const limit = { version: 1, rate: { requests: 10, perSeconds: 1, burst: 5 } };
    let passed = 0;
    for (let step = 0; step < 60; step++) {
      passed += await takeAll(stores, 4, { limit });
      clock.advance(50);
    }
    expect(passed).toBeLessThanOrEqual(5 + 10 * (3 + 1));
    expect(passed).toBeGreaterThanOrEqual(5 + 10 * 2.9);
  }, 60_000);

  describe('the counts', () => {
    const one = { allowed: 1, refused: 0, degraded: 0 };

    it('are the sum of what all processes stored, also of those that are gone, counted once', async () => {
      const table = await newLimitTable(client);
      const clock = new FakeClock();
      const [gone, here] = ['a', 'b'].map(
        (name) => new DynamoDbLimitCounts(client, table, clock, countingIds(name)),
      ) as [DynamoDbLimitCounts, DynamoDbLimitCounts];
      for (const counts of [gone, gone, here]) counts.add('p', one);
      await Promise.all([gone.flush(), here.flush()]);
      await gone.flush();
      expect((await here.read(['p', 'q'])).get('p')).toEqual({ allowed: 3, refused: 0, degraded: 0 });

      clock.advance(700_000);
      here.add('p', { allowed: 0, refused: 1, degraded: 1 });
      await here.flush();
      for (let read = 0; read < 2; read++)
        expect((await here.read(['p'])).get('p')).toEqual({ allowed: 3, refused: 1, degraded: 1 });
      for (let flush = 0; flush < 2; flush++) await here.flush();
      expect(await itemsOf(table)).toBe(2);
      expect((await here.read(['p'])).get('p')).toEqual({ allowed: 3, refused: 1, degraded: 1 });
      // One that was silent, and comes back.
      gone.add('p', one);
      await gone.flush();
      await gone.flush();
      expect((await here.read(['p'])).get('p')).toEqual({ allowed: 4, refused: 1, degraded: 1 });
      expect((await here.read(['q'])).get('q')).toEqual({ allowed: 0, refused: 0, degraded: 0 });
    });

    const itemsOf = async (table: string): Promise<number> => {
      const command = new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': 'COUNTS#p' },
      });
      return (await client.send(command)).Count ?? 0;
    };

    it('are read without a write, and a few of those that are gone are merged with each flush', async () => {
      const table = await newLimitTable(client);
      const clock = new FakeClock();
      const here = new DynamoDbLimitCounts(client, table, clock, countingIds('z'));
      for (let process = 0; process < 12; process++) {
        const counts = new DynamoDbLimitCounts(client, table, clock, countingIds(`p${process}-`));
        counts.add('p', one);
        await counts.flush();
      }
      clock.advance(700_000);
      units.reset();
      expect((await here.read(['p'])).get('p')).toMatchObject({ allowed: 12 });
      expect(units.writes).toBe(0);
      await here.flush();
      expect(await itemsOf(table)).toBe(12 - 5 + 1);
      for (let flush = 0; flush < 3; flush++) await here.flush();
      expect(await itemsOf(table)).toBe(1);
      expect((await here.read(['p'])).get('p')).toMatchObject({ allowed: 12 });
    });

    it('are gone once they were removed, also for a process that goes on counting', async () => {
      const table = await newLimitTable(client);
      const clock = new FakeClock();
      const [here, other] = ['a', 'b'].map(
        (name) => new DynamoDbLimitCounts(client, table, clock, countingIds(name)),
      ) as [DynamoDbLimitCounts, DynamoDbLimitCounts];
      for (let process = 0; process < 30; process++) {
        const counts = new DynamoDbLimitCounts(client, table, clock, countingIds(`p${process}-`));
        counts.add('p', one);
        await counts.flush();
      }
      other.add('p', one);
      await other.flush();
      await here.remove('p');
      await here.remove('p');
      expect((await here.read(['p'])).get('p')).toEqual({ allowed: 0, refused: 0, degraded: 0 });
      other.add('p', one);
      for (let flush = 0; flush < 2; flush++) await other.flush();
      expect((await here.read(['p'])).get('p')).toEqual({ allowed: 1, refused: 0, degraded: 0 });
    });

    it('tell how many processes take', async () => {
      const table = await newLimitTable(client);
      const clock = new FakeClock();
      const processes = ['a', 'b', 'c'].map((name) => new DynamoDbLimitCounts(client, table, clock, countingIds(name)));
      for (const counts of processes) {
        counts.bePresent();
        await counts.flush();
      }
      expect(processes.map((counts) => counts.processes())).toEqual([1, 2, 3]);
    });
  });
});
