import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { streamsClient } from '../../../../src/adapters/dynamodb/streams/client.ts';
import { StreamConsumer } from '../../../../src/adapters/dynamodb/streams/stream-consumer.ts';
import type { StreamRecord } from '../../../../src/adapters/dynamodb/streams/stream-record.ts';
import { createTables } from '../../../../src/adapters/dynamodb/tables.ts';
import { type VoteTables, voteTableDefinitions } from '../../../../src/adapters/dynamodb/vote-tables.ts';
import { systemClock } from '../../../../src/adapters/system/clock.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { ScriptedStream } from '../../../helpers/scripted-stream.ts';
import { startDynamoDbLocal } from '../../../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../../../helpers/servers/dynamodb-tables.ts';
import { type Fate, FaultyProxy, refusal } from '../../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../../helpers/servers/with-server.ts';

const LEASE_MS = 2_000;
const DAY = 86_400_000;

/** A process that reads the stream over a network of its own. */
interface Process {
  readonly network: FaultyProxy;
  readonly consumer: StreamConsumer;
  /** Names of the records that were handled, in this order. */
  readonly seen: string[];
  readonly errors: string[];
  /** When it asked for records, on the monotonic clock, ms, and of which shard where the stream is a scripted one. */
  readonly reads: { readonly at: number; readonly shard: string }[];
  gaps: number;
  /** Called before a batch is handled. */
  onBatch: () => Promise<void>;
  /** Called after a gap was told. */
  onGap: () => Promise<void>;
  /** Nothing that it sends arrives any more, as after SIGKILL: the others are told nothing. */
  cutOff(): void;
  reconnect(): void;
}

const callsOf = (operation: string, ...processes: Process[]) =>
  processes.flatMap(({ network }) => network.requests.filter((request) => request.operation === operation));
/** The most of these in any second. */
const mostInASecond = (times: readonly number[]): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));

const nameIn = ({ dynamodb }: StreamRecord): string =>
  String((dynamodb?.NewImage?.sk as { S?: string } | undefined)?.S);

await withServer('the stream consumer', startDynamoDbLocal, async (server) => {
  const client = await clientOf(server.endpoint);
  afterAll(() => client.destroy());

  let tables: VoteTables;
  let scripted: ScriptedStream | undefined;
  const cleanups: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    tables = await newVoteTables(client);
    scripted = undefined;
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function start(owner: string): Promise<Process> {
    const network = await FaultyProxy.start(server.endpoint);
    const reads: Process['reads'] = [];
    const pass = (request: Parameters<FaultyProxy['fate']>[0]): Fate => {
      if (request.operation === 'GetRecords')
        reads.push({ at: performance.now(), shard: String(request.body.ShardIterator).split('@')[0] as string });
      return scripted?.answer(request) ?? 'pass';
    };
    network.fate = pass;
    const dynamoDb: DynamoDBDocumentClient = await clientOf(network.endpoint);
    const streams = streamsClient(network.endpoint);
    const errors: string[] = [];
    const consumer = new StreamConsumer({
      client: dynamoDb,
      streams,
      table: tables.votes,
      leaseTable: tables.leases,
      owner,
      clock: systemClock,
      leaseMs: LEASE_MS,
      onError: (error, doing) => errors.push(`${doing}: ${(error as Error).name}`),
    });
    const process: Process = {
      network,
      consumer,
      seen: [],
      errors,
      reads,
      gaps: 0,
      onBatch: async () => undefined,
      onGap: async () => undefined,
      cutOff: () => {
        network.fate = () => 'lose request';
      },
      reconnect: () => {
        network.fate = pass;
      },
    };
    consumer.start({
      changes: async (records) => {
        await process.onBatch();
        process.seen.push(...records.map(nameIn));
      },
      gap: async () => {
        process.gaps++;
        await process.onGap();
      },
    });
    cleanups.push(async () => {
      process.reconnect();
      await consumer.stop();
      dynamoDb.destroy();
      streams.destroy();
      await network.stop();
    });
    return process;
  }

  const write = async (...names: string[]): Promise<void> => {
    for (const sk of names) await client.send(new PutCommand({ TableName: tables.votes, Item: { pk: 'x', sk } }));
  };
  const leases = async () => {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: tables.leases,
        KeyConditionExpression: 'pk = :stream',
        ExpressionAttributeValues: { ':stream': await streamOf(tables.votes) },
        ConsistentRead: true,
      }),
    );
    return Items.filter(({ sk }) => String(sk).startsWith('shard#'));
  };
  const streamOf = async (table: string): Promise<string | undefined> =>
    (await client.send(new DescribeTableCommand({ TableName: table }))).Table?.LatestStreamArn;
  const sees = (process: Process, ...names: string[]) =>
    eventually(
      () => process.seen,
      (seen) => names.every((name) => seen.includes(name)),
      20_000,
    );

  describe('on the stream of a real table', () => {
    it('reads from the oldest record at first, and from its checkpoint after a restart', async () => {
      await write('a', 'b');
      const first = await start('first');
      await sees(first, 'a', 'b');
      await write('c');
      await sees(first, 'c');
      await first.consumer.stop();

      await write('d', 'e');
      const second = await start('second');
      await sees(second, 'd', 'e');
      expect(first.seen).toEqual(['a', 'b', 'c']);
      expect(second.seen).toEqual(['d', 'e']);
    });

    it('has one of two processes read, and the other take over within the lease when that one is killed', async () => {
      const first = await start('first');
      await write('a');
      await sees(first, 'a');
      const second = await start('second');
      await write('b');
      await sees(first, 'b');
      // Long enough for the second to have looked at the leases more than once.
      await eventually(
        () => callsOf('Query', second).length,
        (looks) => looks > 2,
      );
      expect(second.seen).toEqual([]);

      first.cutOff();
      const killedAt = performance.now();
      await write('c');
      await sees(second, 'c');
      // The lease, the wait until the next look, and what a busy machine adds.
      expect(performance.now() - killedAt).toBeLessThan(LEASE_MS * 1.25 + 3_000);
      await write('d');
      await sees(second, 'd');
      expect(first.seen).toEqual(['a', 'b']);
    });

    it('lets go of a shard whose lease another process took while it was cut off', async () => {
      const first = await start('first');
      await write('a');
      await sees(first, 'a');
      first.cutOff();
      const second = await start('second');
      await write('b');
      await sees(second, 'b');

      first.network.requests.length = 0;
      first.reconnect();
      await eventually(
        () => callsOf('Query', first).length,
        (looks) => looks > 2,
        20_000,
      );
      await write('c');
      await sees(second, 'c');
      expect((await leases()).map(({ owner }) => owner)).toEqual(['second']);
    });

    it('reads no more when its lease cannot be renewed, before another process takes over', async () => {
      const first = await start('first');
      await write('a');
      await sees(first, 'a');
      const pass = first.network.fate;
      first.network.fate = (request) =>
        ['PutItem', 'UpdateItem'].includes(request.operation) ? 'lose request' : pass(request);
      const second = await start('second');
      await write('b');
      await sees(second, 'b');
      await eventually(
        () => second.reads.length,
        (reads) => reads > 4,
      );
      first.network.fate = pass;
      await write('c');
      await sees(second, 'c');

      expect(first.reads.at(-1)?.at).toBeLessThan(second.reads[0]?.at as number);
      expect(mostInASecond([...first.reads, ...second.reads].map(({ at }) => at))).toBeLessThanOrEqual(5);
      expect(first.errors).toContainEqual(expect.stringMatching(/^renewing the lease of stream shard/));
    }, 60_000);

    it('renews its lease and takes over those of others while the shards of the stream cannot be listed', async () => {
      const first = await start('first');
      await write('a');
      await sees(first, 'a');
      const second = await start('second');
      await eventually(
        () => callsOf('Query', second).length,
        (looks) => looks > 1,
      );
      const refuseListings = (process: Process): void => {
        const pass = process.network.fate;
        process.network.fate = (request) =>
          request.operation === 'DescribeStream' ? refusal('LimitExceededException') : pass(request);
      };
      refuseListings(second);
      first.cutOff();
      await write('b');
      await sees(second, 'b');

      // One that has never seen a list of the shards.
      const third = await start('third');
      refuseListings(third);
      await eventually(
        () => third.errors,
        (errors) => errors.includes('finding stream shards: LimitExceededException'),
      );
      await eventually(
        () => callsOf('UpdateItem', second).length,
        (renewals) => renewals > 4,
      );
      expect(third.reads).toEqual([]);
      second.cutOff();
      await write('c');
      await sees(third, 'c');
      expect(third.seen).toEqual(['c']);
    }, 60_000);

    it('hands over at once when it is stopped in an orderly way', async () => {
      const first = await start('first');
      await write('a');
      await sees(first, 'a');
      await first.consumer.stop();
      const [lease] = await leases();

      expect(lease?.expiresAt).toBeLessThanOrEqual(Date.now());
      expect(lease).toMatchObject({ owner: 'first', checkpoint: expect.any(String), readAt: expect.any(Number) });
    });

    it('keeps its lease while a batch takes longer than that', async () => {
      const first = await start('first');
      let release = (): void => undefined;
      let entered = false;
      first.onBatch = () => {
        entered = true;
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      };
      await write('a');
      await eventually(
        () => entered,
        (is) => is,
      );
      const second = await start('second');
      const until = Date.now() + LEASE_MS * 1.5;
      await eventually(
        () => Date.now(),
        (now) => now > until,
      );
      expect(second.seen).toEqual([]);
      first.onBatch = async () => undefined;
      release();
      await sees(first, 'a');
    });

    it('tells of a gap before it reads what nobody ever read, and not when it goes on', async () => {
      const first = await start('first');
      await write('a');
      await sees(first, 'a');
      await first.consumer.stop();
      const second = await start('second');
      await write('b');
      await sees(second, 'b');

      expect([first.gaps, second.gaps]).toEqual([1, 0]);
    });

    it('tells of a gap after a day without a reader, and reads what is left from its beginning', async () => {
      const first = await start('first');
      await write('a');
      await sees(first, 'a');
      await first.consumer.stop();
      const [lease] = await leases();
      await client.send(
        new UpdateCommand({
          TableName: tables.leases,
          Key: { pk: lease?.pk, sk: lease?.sk },
          UpdateExpression: 'SET readAt = :longAgo',
          ExpressionAttributeValues: { ':longAgo': Date.now() - DAY },
        }),
      );

      const second = await start('second');
      await write('b');
      await sees(second, 'b');
      expect(second.gaps).toBe(1);
      expect(second.seen).toEqual(['a', 'b']);
    });

    it('repeats a gap that could not be bridged, before it reads anything', async () => {
      const process = await start('first');
      process.onGap = async () => {
        expect(process.seen).toEqual([]);
        if (process.gaps === 1) throw new Error('the store is down');
      };
      await write('a');
      await sees(process, 'a');

      expect(process.gaps).toBe(2);
      expect(process.errors).toEqual([expect.stringMatching(/^reading stream shard .*: Error$/)]);
    });

    it.each<[string, string, string[], number]>([
      ['an iterator that expired goes on behind the checkpoint', 'ExpiredIteratorException', ['a', 'b'], 0],
      ['records that were trimmed are a gap, and the rest is read', 'TrimmedDataAccessException', ['a', 'a', 'b'], 1],
    ])('%s', async (_, error, seen, gaps) => {
      const process = await start('first');
      await write('a');
      await sees(process, 'a');
      const pass = process.network.fate;
      let refusals = 1;
      process.network.fate = (request) =>
        request.operation === 'GetRecords' && refusals-- > 0 ? refusal(error) : pass(request);
      await eventually(
        () => refusals,
        (left) => left < 0,
      );
      await write('b');
      await sees(process, 'b');

      expect(process.seen).toEqual(seen);
      expect(process.gaps).toBe(1 + gaps);
      expect(process.errors).toEqual([]);
    });

    it('a checkpoint that was trimmed is a gap, and the rest is read', async () => {
      const first = await start('first');
      await write('a');
      await sees(first, 'a');
      await first.consumer.stop();
      const second = await start('second');
      const pass = second.network.fate;
      second.network.fate = (request) =>
        request.body.ShardIteratorType === 'AFTER_SEQUENCE_NUMBER'
          ? refusal('TrimmedDataAccessException')
          : pass(request);
      await write('b');
      await sees(second, 'b');

      expect(second.gaps).toBe(1);
    });

    it('gets over a store that fails for a while, skips nothing, and tells of it', async () => {
      const process = await start('first');
      await write('a');
      await sees(process, 'a');
      const pass = process.network.fate;
      process.network.fate = () => refusal('InternalServerError', {}, 500);
      await write('b');
      await eventually(
        () => process.errors.length,
        (count) => count > 2,
        20_000,
      );
      process.network.fate = pass;
      await write('c');
      await sees(process, 'b', 'c');

      expect([...new Set(process.seen)]).toEqual(['a', 'b', 'c']);
      expect(process.errors).toContainEqual(expect.stringMatching(/^reading stream shard .*: InternalServerError$/));
    });

    it('waits for a table that is not there yet', async () => {
      tables = { ...tables, votes: `${tables.votes}-later` };
      const process = await start('first');
      await eventually(
        () => process.errors,
        (errors) => errors.includes('finding stream shards: ResourceNotFoundException'),
      );
      await createTables(client, voteTableDefinitions(tables));
      await write('a');
      await sees(process, 'a');
    });
  });

  describe('on a stream of many shards (answered in the place of DynamoDB, which keeps one a table here)', () => {
    const image = (name: string) => ({ sk: { S: name } });
    /** The shards that it has read within the last time in which an idle reader looks. */
    const reads = (process: Process) =>
      new Set(process.reads.filter(({ at }) => at > performance.now() - 1_500).map(({ shard }) => shard));

    it('shares the shards with a process that joins, and takes them all over when that one is killed', async () => {
      scripted = new ScriptedStream();
      for (const shard of ['s1', 's2', 's3', 's4']) scripted.open(shard);
      const first = await start('first');
      await eventually(
        () => reads(first).size,
        (shards) => shards === 4,
        20_000,
      );

      const second = await start('second');
      await eventually(
        () => [reads(first).size, reads(second).size],
        ([one, other]) => one === 2 && other === 2,
        20_000,
      );
      expect([...reads(first), ...reads(second)].sort()).toEqual(['s1', 's2', 's3', 's4']);
      for (const shard of ['s1', 's2', 's3', 's4']) scripted.write(shard, image(`of ${shard}`));
      await eventually(
        () => [...first.seen, ...second.seen].sort(),
        (seen) => seen.join() === 'of s1,of s2,of s3,of s4',
        20_000,
      );

      second.cutOff();
      const killedAt = performance.now();
      for (const shard of ['s1', 's2', 's3', 's4']) scripted.write(shard, image(`later of ${shard}`));
      await sees(first, 'later of s1', 'later of s2', 'later of s3', 'later of s4');
      expect(performance.now() - killedAt).toBeLessThan(LEASE_MS * 1.25 + 4_000);
    }, 60_000);

    it('reads a parent to its end before its children, and goes on with them at once', async () => {
      scripted = new ScriptedStream();
      const { open, write: put, close } = bound(scripted);
      open('parent');
      open('left', 'parent');
      open('right', 'parent');
      put('parent', image('p1'));
      put('left', image('l1'));
      put('right', image('r1'));
      const process = await start('first');
      await sees(process, 'p1');
      put('parent', image('p2'));
      await sees(process, 'p2');
      expect(process.seen).toEqual(['p1', 'p2']);

      put('parent', image('p3'));
      close('parent');
      const endedAt = performance.now();
      await sees(process, 'l1', 'r1');
      expect(performance.now() - endedAt).toBeLessThan(2_000);
      expect(process.seen.slice(0, 3)).toEqual(['p1', 'p2', 'p3']);
      expect(process.gaps).toBe(1);
      expect((await leases()).find(({ shardId }) => shardId === 'parent')).toMatchObject({ done: true });
    });

    it('finds the children of a shard that ended by one call, and shares them with a process that did not look', async () => {
      scripted = new ScriptedStream();
      const { open, write: put, close } = bound(scripted);
      open('parent');
      const [first, second] = [await start('first'), await start('second')];
      await eventually(
        () => [callsOf('Query', first).length, callsOf('Query', second).length, reads(first).size + reads(second).size],
        ([one = 0, other = 0, shards]) => one > 0 && other > 0 && shards === 1,
      );
      const listings = callsOf('DescribeStream', first, second).length;
      open('left', 'parent');
      open('right', 'parent');
      put('left', image('l1'));
      put('right', image('r1'));
      close('parent');
      const endedAt = performance.now();
      await eventually(
        () => [...first.seen, ...second.seen],
        (seen) => seen.includes('l1') && seen.includes('r1'),
      );
      expect(performance.now() - endedAt).toBeLessThan(3_000);
      await eventually(
        () => [reads(first).size, reads(second).size],
        ([one, other]) => one === 1 && other === 1,
      );

      const asked = callsOf('DescribeStream', first, second).filter(({ body }) => body.ShardFilter);
      expect(asked[0]?.body.ShardFilter).toEqual({ Type: 'CHILD_SHARDS', ShardId: 'parent' });
      expect(callsOf('DescribeStream', first, second)).toHaveLength(listings + asked.length);
      // The other one may look at the leases just between the end and the first lease of a child.
      expect(asked.length).toBeLessThanOrEqual(2);
      expect([first.gaps, second.gaps].sort()).toEqual([0, 1]);
    }, 60_000);

    it.each([1, 3])(
      'asks rarely for shards and slowly for records while idle, by %i processes',
      async (count) => {
        scripted = new ScriptedStream();
        const shards = Array.from({ length: 6 }, (_, index) => `s${index}`);
        for (const shard of shards) scripted.open(shard);
        const processes = await Promise.all(Array.from({ length: count }, (_, index) => start(`p${index}`)));
        const allRead = () => new Set(processes.flatMap((process) => [...reads(process)])).size === 6;
        await eventually(allRead, Boolean, 20_000);
        const from = performance.now() + 9_000;
        await eventually(() => performance.now() > from + 5_000, Boolean, 30_000);

        const ofShard = (shard: string) =>
          processes.flatMap((process) => process.reads).filter((read) => read.shard === shard && read.at > from);
        for (const shard of shards) expect(ofShard(shard).length).toBeLessThanOrEqual(6);
        expect(allRead()).toBe(true);
        // Two pages each, at the start.
        expect(callsOf('DescribeStream', ...processes)).toHaveLength(2 * count);
        expect(callsOf('DescribeTable', ...processes)).toHaveLength(count);
      },
      60_000,
    );

    it('asks for records of a shard five times a second at most while busy, also when it is taken over', async () => {
      scripted = new ScriptedStream();
      for (const shard of ['s1', 's2']) scripted.open(shard);
      const [first, second] = [await start('first'), await start('second')];
      let written = 0;
      const writeUntil = async (holds: () => boolean): Promise<void> => {
        await eventually(
          () => {
            for (const shard of ['s1', 's2']) scripted?.write(shard, image(`n${++written}`));
            return holds();
          },
          Boolean,
          20_000,
        );
      };
      await writeUntil(() => reads(first).size === 1 && reads(second).size === 1);
      const from = performance.now();
      await writeUntil(() => performance.now() > from + 2_000);
      first.cutOff();
      await writeUntil(() => reads(second).size === 2);
      const until = performance.now();
      await writeUntil(() => performance.now() > until + 1_000);

      for (const shard of ['s1', 's2']) {
        const times = [...first.reads, ...second.reads].filter((read) => read.shard === shard).map(({ at }) => at);
        expect(mostInASecond(times)).toBeLessThanOrEqual(5);
        // And as often as that while there are records.
        expect(times.filter((at) => at > from && at < from + 2_000).length).toBeGreaterThanOrEqual(6);
      }
    }, 60_000);

    it('reads a child whose parent the stream has dropped, and tells of the gap', async () => {
      scripted = new ScriptedStream();
      const { open, write: put, drop } = bound(scripted);
      open('parent');
      put('parent', image('p1'));
      const first = await start('first');
      await sees(first, 'p1');
      await first.consumer.stop();
      put('parent', image('lost'));
      open('child', 'parent');
      put('child', image('c1'));
      drop('parent');

      const second = await start('second');
      await sees(second, 'c1');
      expect(second.gaps).toBe(1);
      expect(second.seen).toEqual(['c1']);
    });

    it('bridges gaps of many shards at one time with one run', async () => {
      scripted = new ScriptedStream();
      for (let index = 0; index < 8; index++) {
        scripted.open(`s${index}`);
        scripted.write(`s${index}`, image(`n${index}`));
      }
      const process = await start('first');
      const leasesTaken = () => process.network.requests.filter(({ operation }) => operation === 'UpdateItem').length;
      process.onGap = async () => {
        await eventually(leasesTaken, (taken) => taken >= 8, 20_000);
      };
      await sees(process, 'n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7');

      // The run may end while the last shard is just being taken.
      expect(process.gaps).toBeLessThanOrEqual(2);
    });
  });
});

const bound = (stream: ScriptedStream) => ({
  open: stream.open.bind(stream),
  write: stream.write.bind(stream),
  close: stream.close.bind(stream),
  drop: stream.drop.bind(stream),
});
