import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ShardDiscovery } from '../../../../src/adapters/dynamodb/streams/shard-discovery.ts';
import { ScriptedStream } from '../../../helpers/scripted-stream.ts';

const HOUR = 3_600_000;
/** DynamoDB's own page, and its limit of DescribeStream for all processes together. */
const PAGE = 100;
const CALLS_PER_SECOND = 10;

// Hours pass on a simulated clock, and so the clients are simulated too; stream-consumer.test.ts asks a real server.
describe('the discovery of shards', () => {
  let stream: ScriptedStream;
  let streamArn: string;
  /** When DescribeStream was called, and with what. */
  let calls: { readonly at: number; readonly parent: string | undefined }[];
  let tableLooks: number;
  let errors: string[];
  /** Thrown by DescribeStream instead of an answer. */
  let refusal: Error | undefined;
  const running: { readonly discovery: ShardDiscovery; readonly ended: Promise<void> }[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    stream = new ScriptedStream(PAGE);
    streamArn = 'stream-1';
    [calls, errors, tableLooks, refusal] = [[], [], 0, undefined];
  });
  afterEach(async () => {
    for (const { discovery, ended } of running.splice(0)) {
      discovery.stop();
      await ended;
    }
    jest.useRealTimers();
  });

  function start(): ShardDiscovery {
    const discovery = new ShardDiscovery({
      client: {
        send: async () => {
          tableLooks++;
          return { Table: { LatestStreamArn: streamArn } };
        },
      } as unknown as DynamoDBDocumentClient,
      streams: {
        send: async ({ input }: { input: Parameters<ScriptedStream['describe']>[0] }) => {
          calls.push({ at: performance.now(), parent: input.ShardFilter?.ShardId });
          if (refusal) throw refusal;
          return { StreamDescription: stream.describe(input) };
        },
      } as unknown as DynamoDBStreamsClient,
      table: 'votes',
      clock: { now: () => Date.now(), earliest: () => Date.now() },
      onError: (error, doing) => errors.push(`${doing}: ${(error as Error).message}`),
    });
    running.push({ discovery, ended: discovery.run(() => undefined) });
    return discovery;
  }

  const openShards = (count: number, generation = 0): void => {
    for (let index = 0; index < count; index++)
      stream.open(`s${index}.${generation}`, generation > 0 ? `s${index}.${generation - 1}` : undefined);
  };
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  const known = ({ found }: ShardDiscovery) => [...(found?.listing.parents.keys() ?? [])];
  const mostInASecond = (): number =>
    Math.max(...calls.map(({ at }) => calls.filter((other) => other.at >= at && other.at < at + 1_000).length));

  it('lists all shards at the start, and then every 30 to 60 s, never in the same rhythm', async () => {
    openShards(4);
    const discovery = start();
    await pass(0);
    expect(known(discovery)).toEqual(['s0.0', 's1.0', 's2.0', 's3.0']);
    openShards(1, 1);
    await pass(60_000);
    expect(known(discovery)).toContain('s0.1');
    await pass(2 * HOUR);

    const pauses = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at as number));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(60_001);
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(15_000);
    expect(tableLooks).toBe(calls.length);
  });

  it('asks for the children of a shard at once when it has been read to its end, and once', async () => {
    openShards(250);
    const discovery = start();
    await pass(5_000);
    openShards(1, 1);
    calls.length = 0;
    for (let look = 0; look < 5; look++) {
      discovery.seekChildrenOf(['s0.0']);
      await pass(100);
    }

    expect(calls.map(({ parent }) => parent)).toEqual(['s0.0']);
    expect(discovery.found?.listing.parents.get('s0.1')).toBe('s0.0');
  });

  it('looks again where children are not there yet, less and less often', async () => {
    openShards(1);
    const discovery = start();
    await pass(5_000);
    calls.length = 0;
    // As often as the leases are looked at.
    for (let ms = 0; ms < 20 * 60_000; ms += 1_500) {
      discovery.seekChildrenOf(['s0.0']);
      await pass(1_500);
    }
    // One by the filter, seven listings up to a minute, and then one every 30 to 60 s.
    expect(calls.length).toBeGreaterThan(20);
    expect(calls.length).toBeLessThan(50);
    openShards(1, 1);
    await pass(60_000);

    expect(known(discovery)).toContain('s0.1');
  });

  it('finds the stream that comes after one that was switched off', async () => {
    openShards(1);
    const discovery = start();
    await pass(0);
    streamArn = 'stream-2';
    stream.drop('s0.0');
    stream.open('new');
    refusal = new Error('throttled');
    await pass(60_000);
    expect(discovery.found?.stream).toBe('stream-2');
    expect(known(discovery)).toEqual([]);
    refusal = undefined;
    await pass(60_000);

    expect(discovery.found?.stream).toBe('stream-2');
    expect(known(discovery)).toEqual(['new']);
  });

  it('keeps what it knows while DescribeStream fails, tells of it, and asks less and less often', async () => {
    openShards(3);
    const discovery = start();
    await pass(0);
    refusal = new Error('throttled');
    calls.length = 0;
    await pass(HOUR);

    expect(known(discovery)).toEqual(['s0.0', 's1.0', 's2.0']);
    expect(errors).toHaveLength(calls.length);
    expect(errors).toContain('finding stream shards: throttled');
    expect(calls.length).toBeLessThan(130);
  });

  it('knows the stream where it cannot be listed at the start, and no shard of another', async () => {
    openShards(1);
    refusal = new Error('throttled');
    const discovery = start();
    await pass(0);

    expect(discovery.found).toEqual({
      stream: 'stream-1',
      listing: { askedAt: Number.NEGATIVE_INFINITY, parents: new Map() },
    });
    refusal = undefined;
    await pass(1_000);
    expect(known(discovery)).toEqual(['s0.0']);
  });

  it('stays within the limit of DynamoDB for ten processes and 300 shards, also when all shards end at one time', async () => {
    openShards(150);
    openShards(150, 1);
    const discoveries = Array.from({ length: 10 }, start);
    await pass(HOUR / 2);
    openShards(150, 2);
    for (const [index, discovery] of discoveries.entries())
      discovery.seekChildrenOf(Array.from({ length: 15 }, (_, own) => `s${15 * index + own}.1`));
    await pass(HOUR / 2);

    expect(mostInASecond()).toBeLessThanOrEqual(CALLS_PER_SECOND);
    for (const discovery of discoveries) expect(known(discovery)).toHaveLength(450);
    // Three or five pages by ten processes every 45 s, and one call for each shard that ended.
    expect(calls.filter(({ parent }) => parent !== undefined).length).toBeLessThanOrEqual(150);
    expect(calls.length / 3_600).toBeLessThan(1.3);
    expect(tableLooks / 3_600).toBeLessThan(0.4);
  });
});
