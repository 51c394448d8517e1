import { DeleteCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { streamsClient } from '../../../src/adapters/dynamodb/streams/client.ts';
import { DynamoDbTallyStore } from '../../../src/adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../../src/adapters/dynamodb/vote-ledger.ts';
import type { VoteTables } from '../../../src/adapters/dynamodb/vote-tables.ts';
import { emptyTally, totalsOf } from '../../../src/domain/votes/tally.ts';
import { seededRandom } from '../../helpers/fakes.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, dynamoDbEnv, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy, refusal } from '../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { readStream } from '../../helpers/stream-records.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';

type Handler = typeof import('../../../src/entrypoints/lambda/votes-stream.ts').handler;

const BATCH = 100;

/** A real record with something wrong in it, and whether it is poison: what is not, is passed over. */
const CORRUPTIONS: readonly { readonly isPoison: boolean; corrupt(record: DynamoDBRecord): void }[] = [
  { isPoison: true, corrupt: ({ dynamodb }) => Object.assign(dynamodb?.NewImage ?? {}, { v0: { S: '9999' } }) },
  { isPoison: true, corrupt: ({ dynamodb }) => Object.assign(dynamodb?.NewImage ?? {}, { v1: { N: '-1' } }) },
  { isPoison: true, corrupt: ({ dynamodb }) => Object.assign(dynamodb?.NewImage ?? {}, { v100: { N: '1' } }) },
  { isPoison: true, corrupt: ({ dynamodb }) => Object.assign(dynamodb?.NewImage ?? {}, { shard: { N: '1e3' } }) },
  { isPoison: true, corrupt: ({ dynamodb }) => Object.assign(dynamodb?.NewImage ?? {}, { pollId: { NULL: true } }) },
  { isPoison: true, corrupt: ({ dynamodb }) => delete dynamodb?.NewImage?.region },
  { isPoison: true, corrupt: ({ dynamodb }) => delete dynamodb?.NewImage?.ballots },
  { isPoison: true, corrupt: ({ dynamodb }) => delete dynamodb?.NewImage },
  { isPoison: false, corrupt: (record) => Object.assign(record, { eventName: 'REMOVE' }) },
  { isPoison: false, corrupt: ({ dynamodb }) => Object.assign(dynamodb?.NewImage ?? {}, { version: { N: '3' } }) },
  { isPoison: false, corrupt: ({ dynamodb }) => Object.assign(dynamodb?.NewImage ?? {}, { version: { N: '1' } }) },
  { isPoison: false, corrupt: ({ dynamodb }) => Object.assign(dynamodb?.NewImage ?? {}, { kind: { S: 'mystery' } }) },
];

await withServer('the stream Lambda', startDynamoDbLocal, async ({ endpoint }) => {
  let client: DynamoDBDocumentClient;
  let tables: VoteTables;
  let handler: Handler;
  let records: DynamoDBRecord[];
  const truth = new Map<string, number[]>();
  const streams = streamsClient(endpoint);
  const proxy = await FaultyProxy.start(endpoint);
  afterAll(async () => {
    client.destroy();
    streams.destroy();
    await proxy.stop();
  });

  beforeAll(async () => {
    client = await clientOf(endpoint);
    tables = await newVoteTables(client);
    Object.assign(process.env, dynamoDbEnv(proxy.endpoint), {
      VOTES_TABLE: tables.votes,
      TALLIES_TABLE: tables.tallies,
      LEASES_TABLE: tables.leases,
      LOG_LEVEL: 'silent',
    });
    ({ handler } = await import('../../../src/entrypoints/lambda/votes-stream.ts'));

    const random = seededRandom(11);
    const ledger = new DynamoDbVoteLedger(client, tables.votes, 'eu-west-1', random);
    for (const pollId of ['colors', 'animals']) truth.set(pollId, [0, 0, 0]);
    for (let vote = 0; vote < 200; vote++) {
      const pollId = vote % 4 === 0 ? 'animals' : 'colors';
      const choice = Math.floor(random.next() * 3);
      await ledger.record(aPoll({ pollId }), aBallot(`v${vote}`, { pollId, choices: [choice], voter: 'x' }));
      const counts = truth.get(pollId) as number[];
      counts[choice] = (counts[choice] as number) + 1;
    }
    await ledger.closeShards(aPoll({ pollId: 'animals' }));
    // Items of others in the same table, one of them removed.
    const foreign = { pk: 'OTHER', sk: 'x' };
    await client.send(new PutCommand({ TableName: tables.votes, Item: { ...foreign, votes: 7 } }));
    await client.send(new DeleteCommand({ TableName: tables.votes, Key: foreign }));
    records = await readStream(client, streams, tables.votes);
  }, 60_000);

  const invoke = (Records: readonly DynamoDBRecord[]) => handler({ Records: [...Records] }, { awsRequestId: 'test' });
  const tallied = async (pollId: string) => {
    const { marks } = (await new DynamoDbTallyStore(client, tables.tallies).get(pollId)) ?? emptyTally(pollId);
    return totalsOf(marks, 3).votes;
  };

  describe('the stream Lambda', () => {
    it('is fed shards, ballots, a marked shard without a vote, and a removal by the real stream', () => {
      const kinds = records.map(({ eventName, dynamodb }) => `${eventName} ${dynamodb?.NewImage?.kind?.S}`);

      expect(records.length).toBeGreaterThan(400);
      expect(new Set(kinds)).toEqual(new Set(['INSERT shard', 'MODIFY shard', 'INSERT undefined', 'REMOVE undefined']));
    });

    it('reports exactly the poison, whatever is repeated, reordered or foreign around it, and counts exactly', async () => {
      const random = seededRandom(23);
      const shards = records.filter(({ dynamodb }) => dynamodb?.NewImage?.kind?.S === 'shard');
      const corrupted = Array.from({ length: 90 }, (_, index) => {
        const record = structuredClone(shards[Math.floor(random.next() * shards.length)] as DynamoDBRecord);
        const { isPoison, corrupt } = CORRUPTIONS[index % CORRUPTIONS.length] as (typeof CORRUPTIONS)[number];
        corrupt(record);
        Object.assign(record.dynamodb ?? {}, { SequenceNumber: `corrupted-${index}` });
        return { record, isPoison, sequenceNumber: `corrupted-${index}` };
      });
      const fed = [...records, ...records.filter(() => random.next() < 0.5), ...corrupted.map(({ record }) => record)];
      const shuffled = fed
        .map((record) => ({ record, place: random.next() }))
        .sort((one, other) => one.place - other.place)
        .map(({ record }) => record);

      const reported: string[] = [];
      for (let start = 0; start < shuffled.length; start += BATCH) {
        const { batchItemFailures } = await invoke(shuffled.slice(start, start + BATCH));
        reported.push(...batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      }

      const poison = corrupted.filter(({ isPoison }) => isPoison).map(({ sequenceNumber }) => sequenceNumber);
      expect(reported.sort()).toEqual(poison.sort());
      for (const [pollId, counts] of truth) expect([pollId, await tallied(pollId)]).toEqual([pollId, counts]);
    });

    it('changes nothing when everything comes again, many batches at once', async () => {
      const store = new DynamoDbTallyStore(client, tables.tallies);
      const before = (await store.get('colors'))?.revision;
      const batches = Array.from({ length: 5 }, (_, part) => records.slice(part * BATCH));
      const answers = await Promise.all(batches.map(invoke));

      expect(answers.every(({ batchItemFailures }) => batchItemFailures.length === 0)).toBe(true);
      expect((await store.get('colors'))?.revision).toBe(before);
      for (const [pollId, counts] of truth) expect(await tallied(pollId)).toEqual(counts);
    });

    it('takes a batch that holds nothing for it', async () => {
      expect(await invoke([])).toEqual({ batchItemFailures: [] });
      expect(await invoke(records.filter(({ dynamodb }) => !dynamodb?.NewImage?.kind))).toEqual({
        batchItemFailures: [],
      });
    });

    it('has Lambda bring the whole batch again when a tally cannot be stored, and folds the others all the same', async () => {
      const image = (pollId: string) => {
        const shard = records.find(({ dynamodb }) => dynamodb?.NewImage?.kind?.S === 'shard');
        const record = structuredClone(shard as DynamoDBRecord);
        const [none, three] = [{ N: '0' }, { N: '3' }];
        const counts = { v0: three, v1: none, v2: none, ballots: three };
        Object.assign(record.dynamodb?.NewImage ?? {}, { pollId: { S: pollId }, ...counts });
        return record;
      };
      const refused = { code: 'STORE_UNAVAILABLE' };
      proxy.fate = ({ operation, body }) =>
        operation === 'PutItem' && JSON.stringify(body).includes('"TALLY#throttled"')
          ? refusal('ThrottlingException')
          : 'pass';

      await expect(invoke([image('throttled'), image('sound')])).rejects.toMatchObject(refused);
      expect(await tallied('throttled')).toEqual([0, 0, 0]);
      expect(await tallied('sound')).toEqual([3, 0, 0]);

      proxy.reset();
      expect(await invoke([image('throttled'), image('sound')])).toEqual({ batchItemFailures: [] });
      for (const pollId of ['throttled', 'sound']) expect(await tallied(pollId)).toEqual([3, 0, 0]);
    });
  });
});
