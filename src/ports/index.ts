/** The ports of all contexts, as others may implement them: `portside/ports`. */
export type { ChangeFeed, ChangeHandler, Clock, Ids, Random } from './system.ts';
export type { PollStore, RecordOutcome, ShardFeed, TallyStore, VoteLedger, VoterPseudonyms } from './votes.ts';
