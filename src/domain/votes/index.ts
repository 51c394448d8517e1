/** The votes context as others may use it: `portside/votes`. */
export { AnswerBallot, type AnsweredBallot } from './answer-ballot.ts';
export { AnswerSms, MAX_REPLIES, REPLY_PAUSE_MS } from './answer-sms.ts';
export {
  type AnswerChange,
  answersById,
  type BallotAnswers,
  differing,
  type Question,
  withAnswers,
} from './answers.ts';
export { AuditPoll } from './audit-poll.ts';
export { type Ballot, choiceOf, normaliseVoter, sameVote } from './ballot.ts';
export { type CastOutcome, CastVote, type CastVoteResult, type VoteCommand, type VoteRefusal } from './cast-vote.ts';
export { CheckTally, type OnRepair } from './check-tally.ts';
export { type CloseCommand, ClosePoll } from './close-poll.ts';
export { CreatePoll, type CreatePollCommand } from './create-poll.ts';
export {
  alreadyVoted,
  ballotNotFound,
  channelClosed,
  numberTaken,
  pollClosed,
  pollExists,
  pollNotFound,
  pollNotOpen,
  unknownChoice,
  voterKeyChanged,
} from './errors.ts';
export { type Feedback, type FeedbackChange, type FeedbackRef, feedbackReaction } from './feedback.ts';
export { FindPolls } from './find-polls.ts';
export { FindVote } from './find-vote.ts';
export { FoldShards } from './fold-shards.ts';
export { GrowPoll } from './grow-poll.ts';
export { ListAnswers, type ReportedAnswers } from './list-answers.ts';
export type { Notice, NoticeTerms, Told } from './notice.ts';
export { type NoticeOutcome, NotifyFeedback } from './notify-feedback.ts';
export {
  type Audit,
  CHANNELS,
  type Channel,
  createPollFrom,
  isFinal,
  isReadOnly,
  type Notify,
  overlaps,
  type Poll,
  type PollDraft,
  type PollStatus,
  pollForText,
  pollStatus,
  type VoterLimit,
} from './poll.ts';
export { aged, concealed, ReadResults, type Results, resultsOf } from './read-results.ts';
export { type Recount, RecountPoll } from './recount-poll.ts';
export { ReplaceVoterKey, type VoterKeyReplacement } from './replace-voter-key.ts';
export { type OnAudit, SweepPolls } from './sweep-polls.ts';
export { type SmsMessage, type SmsOutcome, TakeSmsVote } from './take-sms-vote.ts';
export {
  type Counter,
  emptyTally,
  type HighWaterMarks,
  marksOf,
  mergeImages,
  mergeMarks,
  type RegionState,
  regionsIn,
  type ShardImage,
  type ShardName,
  type Tally,
  type TallyCheck,
  type Totals,
  totalsOf,
} from './tally.ts';
export { matchWord, normaliseWord } from './words.ts';
