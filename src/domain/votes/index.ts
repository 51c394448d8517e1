/** The votes context as others may use it: `portside/votes`. */
export { AnswerSms, MAX_REPLIES, REPLY_PAUSE_MS } from './answer-sms.ts';
export { type Audit, AuditPoll } from './audit-poll.ts';
export { type Ballot, sameVote } from './ballot.ts';
export { CastVote, type CastVoteResult, type VoteCommand } from './cast-vote.ts';
export { ClosePoll } from './close-poll.ts';
export { CreatePoll, type CreatePollCommand } from './create-poll.ts';
export {
  alreadyVoted,
  numberTaken,
  pollClosed,
  pollExists,
  pollNotFound,
  pollNotOpen,
  unknownChoice,
} from './errors.ts';
export { FindPolls } from './find-polls.ts';
export { FoldShards } from './fold-shards.ts';
export { GrowPoll } from './grow-poll.ts';
export {
  createPollFrom,
  type Poll,
  type PollDraft,
  type PollStatus,
  pollStatus,
  RESERVED_WORDS,
  shardsFor,
  type VoterLimit,
} from './poll.ts';
export { ReadResults, type Results, resultsOf } from './read-results.ts';
export { type Recount, RecountPoll } from './recount-poll.ts';
export { type SmsMessage, type SmsOutcome, TakeSmsVote } from './take-sms-vote.ts';
export {
  emptyTally,
  type Marks,
  marksOf,
  mergeImages,
  mergeMarks,
  parseShardKey,
  regionsIn,
  type ShardImage,
  type ShardName,
  shardKey,
  type Tally,
  totalVotes,
  votesByChoice,
} from './tally.ts';
export { matchWord, normaliseWord } from './words.ts';
