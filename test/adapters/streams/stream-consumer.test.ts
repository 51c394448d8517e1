import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTables } from '../../../src/adapters/dynamodb/tables.ts';
import { type VoteTables, voteTableDefinitions } from '../../../src/adapters/dynamodb/vote-tables.ts';
import { streamsClient } from '../../../src/adapters/streams/client.ts';
import { StreamConsumer } from '../../../src/adapters/streams/stream-consumer.ts';
import type { StreamRecord } from '../../../src/adapters/streams/stream-record.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ScriptedStream } from '../../helpers/scripted-stream.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { type Fate, FaultyProxy, refusal } from '../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

const LEASE_MS = 2_000;
const DAY = 86_400_000;

/** A process that reads the stream over a network of its own. */
interface Process {
  readonly network: FaultyProxy;
  readonly consumer: StreamConsumer;
  /** Names of the records that were handled, in this order. */
  readonly seen: string[];
  readonly errors: string[];
  gaps: number;
  /** Called before a batch is handled. */
  onBatch: () => Promise<void>;
  /** Called after a gap was told. */
  onGap: () => Promise<void>;
  /** Nothing that it sends arrives any more, as after SIGKILL: the others are told nothing. */
  cutOff(): void;
  reconnect(): void;
}

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
    const pass = (request: Parameters<FaultyProxy['fate']>[0]): Fate => scripted?.answer(request) ?? 'pass';
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
        () => second.network.requests.filter(({ operation }) => operation === 'DescribeStream').length,
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
        () => first.network.requests.filter(({ operation }) => operation === 'DescribeStream').length,
        (looks) => looks > 2,
        20_000,
      );
      await write('c');
      await sees(second, 'c');
      expect((await leases()).map(({ owner }) => owner)).toEqual(['second']);
    });

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
        (errors) => errors.includes('sharing stream shards: ResourceNotFoundException'),
      );
      await createTables(client, voteTableDefinitions(tables));
      await write('a');
      await sees(process, 'a');
    });
  });

  describe('on a stream of many shards (answered in the place of DynamoDB, which keeps one a table here)', () => {
    const image = (name: string) => ({ sk: { S: name } });
    const reads = ({ network }: Process) => {
      const recent = network.requests.slice(-40).filter(({ operation }) => operation === 'GetRecords');
      return new Set(recent.map(({ body }) => String(body.ShardIterator).split('@')[0]));
    };

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
