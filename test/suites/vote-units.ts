import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PARALLEL_REQUESTS } from '../../src/adapters/dynamodb/parallel-requests.ts';
import { DynamoDbPollStore } from '../../src/adapters/dynamodb/poll-store.ts';
import { DynamoDbTallyStore } from '../../src/adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../src/adapters/dynamodb/vote-ledger.ts';
import { HmacVotePseudonyms } from '../../src/adapters/system/vote-pseudonyms.ts';
import { concurrently } from '../../src/domain/shared/concurrently.ts';
import { CastVote } from '../../src/domain/votes/cast-vote.ts';
import { FoldShards } from '../../src/domain/votes/fold-shards.ts';
import type { Poll } from '../../src/domain/votes/poll.ts';
import { TakeSmsVote } from '../../src/domain/votes/take-sms-vote.ts';
import { countUnits } from '../helpers/consumed-units.ts';
import { countingIds, FakeClock, seededRandom } from '../helpers/fakes.ts';
import { newVoteTables } from '../helpers/servers/dynamodb-tables.ts';
import { aPoll } from '../helpers/votes.ts';

export type Way = 'by JSON' | 'by text' | 'by text, to a number that had another poll before';

export interface VoteUnits {
  readonly votes: number;
  /** Write units of one vote: ballot, shard and what else it stores. */
  readonly writesPerVote: number;
  /** Read units of one vote: the poll, and what finds it. */
  readonly readsPerVote: number;
  /** The tally's share of a vote, write units. */
  readonly tallyWritesPerVote: number;
  /** Requests of one batch and poll to the tally: one read and one write. */
  readonly tallyRequestsPerBatch: number;
}

const RECORDS_PER_BATCH = 100;
const NUMBER = '+15005550006';

/** Counts votes in new tables, folds their shards after every 100 as a stream would bring them, and counts units. */
export async function measureVoteUnits(
  client: DynamoDBDocumentClient,
  fields: Pick<Poll, 'choices' | 'shards'> & Partial<Pick<Poll, 'voterLimit'>>,
  votes: number,
  way: Way = 'by JSON',
): Promise<VoteUnits> {
  const tables = await newVoteTables(client);
  const clock = new FakeClock();
  const ledger = new DynamoDbVoteLedger(client, tables.votes, 'eu-west-1', seededRandom(1));
  const polls = new DynamoDbPollStore(client, tables.tallies);
  const pseudonyms = new HmacVotePseudonyms('a voter key for tests');
  const castVote = new CastVote(polls, ledger, pseudonyms, clock, countingIds());
  const takeSmsVote = new TakeSmsVote(polls, ledger, pseudonyms, castVote, clock, undefined);
  const foldShards = new FoldShards(new DynamoDbTallyStore(client, tables.tallies), clock);

  const poll = aPoll({ ...fields, createdAt: clock.now(), voterKey: pseudonyms.keyFingerprint });
  const earlier = aPoll({ pollId: 'earlier', createdAt: 0, closesAt: clock.now() });
  if (way === 'by text, to a number that had another poll before')
    await polls.create({ ...earlier, smsNumber: NUMBER });
  await polls.create(way === 'by JSON' ? poll : { ...poll, smsNumber: NUMBER });
  const send = async (vote: number): Promise<void> => {
    const choice = poll.choices[vote % poll.choices.length] as string;
    const voter = `+1500${String(vote).padStart(7, '0')}`;
    const voteId = `SM${String(vote).padStart(32, '0')}`;
    if (way === 'by JSON') await castVote.execute(poll.pollId, { choice, voter, voteId, channel: 'web' });
    else await takeSmsVote.execute({ messageId: voteId, to: NUMBER, from: voter, text: choice });
  };

  const units = countUnits(client);
  const count = { writes: 0, reads: 0, tallyWrites: 0, tallyRequests: 0, batches: 0 };
  for (let batch = 0; batch * RECORDS_PER_BATCH < votes; batch++) {
    units.reset();
    const first = batch * RECORDS_PER_BATCH;
    const next = Array.from({ length: RECORDS_PER_BATCH }, (_, index) => first + index);
    await concurrently(PARALLEL_REQUESTS, next, send);
    count.writes += units.writes;
    count.reads += units.reads;
    const images = await ledger.readShards(poll, []);
    units.reset();
    await foldShards.execute(images);
    count.tallyWrites += units.writes;
    count.tallyRequests += units.requests;
    count.batches++;
  }
  client.middlewareStack.remove('countUnits');
  const sent = count.batches * RECORDS_PER_BATCH;
  return {
    votes: sent,
    writesPerVote: count.writes / sent,
    readsPerVote: count.reads / sent,
    tallyWritesPerVote: count.tallyWrites / sent,
    tallyRequestsPerBatch: count.tallyRequests / count.batches,
  };
}
