import { expect } from '@jest/globals';
import { MemoryChangeFeed } from '../../src/adapters/memory/change-feed.ts';
import { MemoryPollStore } from '../../src/adapters/memory/poll-store.ts';
import { MemoryTallyStore } from '../../src/adapters/memory/tally-store.ts';
import { MemoryVoteLedger } from '../../src/adapters/memory/vote-ledger.ts';
import { MemoryVoterKeys } from '../../src/adapters/memory/voter-keys.ts';
import { AuditPoll } from '../../src/domain/votes/audit-poll.ts';
import { CastVote } from '../../src/domain/votes/cast-vote.ts';
import { CheckTally } from '../../src/domain/votes/check-tally.ts';
import { ClosePoll } from '../../src/domain/votes/close-poll.ts';
import { CreatePoll, type CreatePollCommand } from '../../src/domain/votes/create-poll.ts';
import { FoldShards } from '../../src/domain/votes/fold-shards.ts';
import type { Audit } from '../../src/domain/votes/poll.ts';
import { ReadResults } from '../../src/domain/votes/read-results.ts';
import { RecountPoll } from '../../src/domain/votes/recount-poll.ts';
import { SweepPolls } from '../../src/domain/votes/sweep-polls.ts';
import { TakeSmsVote } from '../../src/domain/votes/take-sms-vote.ts';
import type { ShardImage } from '../../src/domain/votes/tally.ts';
import type { VoteLedger, VotePseudonyms } from '../../src/ports/votes.ts';
import { countingIds, FakeClock, seededRandom } from './fakes.ts';

/** The votes use cases over memory adapters. The tally moves only when a test folds. */
export function votesWorld() {
  const clock = new FakeClock();
  const ids = countingIds();
  const polls = new MemoryPollStore();
  const ledger: VoteLedger = new MemoryVoteLedger(seededRandom(7), new MemoryChangeFeed<ShardImage>());
  const tallies = new MemoryTallyStore();
  const voterKeys = new MemoryVoterKeys();
  const pseudonyms: VotePseudonyms = {
    keyFingerprint: 'fingerprint',
    ballot: (pollId, channel, voteId) => `ballot ${voteId} by ${channel} in ${pollId}`,
    voter: (pollId, channel, voter) => `voter ${voter} by ${channel} in ${pollId}`,
    message: (smsNumber, messageId) => `message ${messageId} to ${smsNumber}`,
    sender: (number) => `sender ${number}`,
  };
  const castVote = new CastVote(polls, ledger, pseudonyms, clock, ids);
  const foldShards = new FoldShards(tallies, clock);
  const repaired: [pollId: string, ballots: number][] = [];
  const checkTally = new CheckTally(polls, ledger, tallies, clock, (...repair) => repaired.push(repair));
  const closePoll = new ClosePoll(polls, ledger, clock);
  const auditPoll = new AuditPoll(polls, ledger, tallies, checkTally, clock);
  const audits: [pollId: string, audit: Audit][] = [];
  const takingSms = (defaultPollId: string | undefined) =>
    new TakeSmsVote(polls, ledger, pseudonyms, castVote, clock, defaultPollId);
  const createPoll = new CreatePoll(polls, voterKeys, pseudonyms, clock, ids, 16, { refusal: () => undefined });
  const draft: CreatePollCommand = { pollId: 'colors', question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] };
  return {
    clock,
    polls,
    ledger,
    tallies,
    castVote,
    foldShards,
    createPoll,
    checkTally,
    closePoll,
    auditPoll,
    /** Votes that a check found missing and the change stream should have brought. */
    repaired,
    /** Audits made by sweeps. */
    audits,
    sweepPolls: new SweepPolls(polls, tallies, checkTally, closePoll, auditPoll, clock, (...audit) =>
      audits.push(audit),
    ),
    readResults: new ReadResults(polls, tallies, checkTally, clock),
    recountPoll: new RecountPoll(polls, ledger, tallies, auditPoll, clock),
    pseudonyms,
    takeSmsVote: takingSms('colors'),
    takingSms,
    given: (fields: Partial<CreatePollCommand> = {}) => createPoll.execute({ ...draft, ...fields }),
  };
}

export const refusal = (code: string) => expect.objectContaining({ code });
