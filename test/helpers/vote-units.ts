import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDbTallyStore } from '../../src/adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../src/adapters/dynamodb/vote-ledger.ts';
import { FoldShards } from '../../src/domain/votes/fold-shards.ts';
import type { Poll } from '../../src/domain/votes/poll.ts';
import { shardKey } from '../../src/domain/votes/tally.ts';
import { countUnits } from './consumed-units.ts';
import { FakeClock, seededRandom } from './fakes.ts';
import { newVoteTables } from './servers/dynamodb-tables.ts';

export interface VoteUnits {
  readonly votes: number;
  /** Write units of one vote: ballot and shard. */
  readonly writesPerVote: number;
  /** The tally's share of a vote, write units. */
  readonly tallyWritesPerVote: number;
  /** Requests of one batch and poll to the tally: one read and one write. */
  readonly tallyRequestsPerBatch: number;
}

const RECORDS_PER_BATCH = 100;

/** Counts votes in new tables, folds their shards in batches of 100 records as a stream brings them, and counts units. */
export async function measureVoteUnits(
  client: DynamoDBDocumentClient,
  fields: Pick<Poll, 'choices' | 'shards'>,
  votes: number,
): Promise<VoteUnits> {
  const tables = await newVoteTables(client);
  const clock = new FakeClock();
  const random = seededRandom(1);
  const units = countUnits(client);
  const ledger = new DynamoDbVoteLedger(client, tables.votes, 'eu-west-1', random);
  const foldShards = new FoldShards(new DynamoDbTallyStore(client, tables.tallies), clock);
  const poll: Poll = {
    ...fields,
    pollId: 'p',
    question: '?',
    createdAt: 0,
    voterLimit: 'none',
    hideUntilClose: false,
  };
  const count = { writes: 0, tallyWrites: 0, tallyRequests: 0, batches: 0 };

  const totals = new Map<string, number>();
  for (let batch = 0; batch * RECORDS_PER_BATCH < votes; batch++) {
    const images = [];
    units.reset();
    for (let vote = 0; vote < RECORDS_PER_BATCH; vote++) {
      const choice = vote % poll.choices.length;
      const voteId = `SM${String(batch * RECORDS_PER_BATCH + vote).padStart(32, '0')}`;
      const voter = `${'v'.repeat(41)}${vote}`;
      await ledger.record(poll, { pollId: 'p', voteId, choice, voter, acceptedAt: clock.now() });
      const name = { choice, region: 'eu-west-1', shard: Math.floor(random.next() * poll.shards) };
      totals.set(shardKey(name), (totals.get(shardKey(name)) ?? 0) + 1);
      images.push({ ...name, pollId: 'p', votes: totals.get(shardKey(name)) as number, lastVoteAt: clock.now() });
    }
    count.writes += units.writes;
    units.reset();
    await foldShards.execute(images);
    count.tallyWrites += units.writes;
    count.tallyRequests += units.requests;
    count.batches++;
  }
  client.middlewareStack.remove('countUnits');
  return {
    votes: count.batches * RECORDS_PER_BATCH,
    writesPerVote: count.writes / (count.batches * RECORDS_PER_BATCH),
    tallyWritesPerVote: count.tallyWrites / (count.batches * RECORDS_PER_BATCH),
    tallyRequestsPerBatch: count.tallyRequests / count.batches,
  };
}
