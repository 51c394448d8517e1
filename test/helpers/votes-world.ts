import { expect } from '@jest/globals';
import { MemoryChangeFeed } from '../../src/adapters/memory/change-feed.ts';
import { MemoryPollStore } from '../../src/adapters/memory/poll-store.ts';
import { MemoryTallyStore } from '../../src/adapters/memory/tally-store.ts';
import { MemoryVoteLedger } from '../../src/adapters/memory/vote-ledger.ts';
import { AuditPoll } from '../../src/domain/votes/audit-poll.ts';
import { CastVote } from '../../src/domain/votes/cast-vote.ts';
import { ClosePoll } from '../../src/domain/votes/close-poll.ts';
import { CreatePoll, type CreatePollCommand } from '../../src/domain/votes/create-poll.ts';
import { FoldShards } from '../../src/domain/votes/fold-shards.ts';
import { ReadResults } from '../../src/domain/votes/read-results.ts';
import { RecountPoll } from '../../src/domain/votes/recount-poll.ts';
import { TakeSmsVote } from '../../src/domain/votes/take-sms-vote.ts';
import type { ShardImage } from '../../src/domain/votes/tally.ts';
import type { VoteLedger } from '../../src/ports/votes.ts';
import { countingIds, FakeClock, seededRandom } from './fakes.ts';

/** The votes use cases over memory adapters. The tally moves only when a test folds. */
export function votesWorld() {
  const clock = new FakeClock();
  const ids = countingIds();
  const polls = new MemoryPollStore();
  const ledger: VoteLedger = new MemoryVoteLedger(seededRandom(7), new MemoryChangeFeed<ShardImage>());
  const tallies = new MemoryTallyStore();
  const pseudonyms = {
    of: (pollId: string, voter: string) => `pseudonym of ${voter} in ${pollId}`,
    sender: (number: string) => `pseudonym of ${number}`,
  };
  const castVote = new CastVote(polls, ledger, pseudonyms, clock, ids);
  const foldShards = new FoldShards(tallies, clock);
  const createPoll = new CreatePoll(polls, clock, ids, 16);
  const draft: CreatePollCommand = { pollId: 'colors', question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] };
  return {
    clock,
    polls,
    ledger,
    tallies,
    castVote,
    foldShards,
    createPoll,
    closePoll: new ClosePoll(polls, ledger, clock),
    auditPoll: new AuditPoll(ledger, tallies, foldShards),
    readResults: new ReadResults(polls, tallies, clock),
    recountPoll: new RecountPoll(polls, ledger, tallies, foldShards),
    takeSmsVote: new TakeSmsVote(polls, castVote, clock, 'colors'),
    given: (fields: Partial<CreatePollCommand> = {}) => createPoll.execute({ ...draft, ...fields }),
  };
}

export const refusal = (code: string) => expect.objectContaining({ code });
