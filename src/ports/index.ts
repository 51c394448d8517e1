/** The ports of all contexts, as others may implement them: `portside/ports`. */
export type { PoliciesInForce, PolicyStore } from './access.ts';
export type { FlagStore } from './flags.ts';
export type {
  KeptState,
  KnownPolicies,
  KnownPolicy,
  LimitCounts,
  LimitKey,
  LimitPolicyStore,
  LimitStore,
  LocalLimitStore,
  PolicyChanged,
  TakeCounts,
  TakeId,
  Taken,
  TakeRequest,
} from './limits.ts';
export type {
  ExchangeRates,
  LeaseOutcome,
  RateAnswer,
  RateCache,
  RateEntry,
  RateRequest,
  RateSource,
  StockChange,
  StockChanged,
  StockStore,
} from './stocks.ts';
export type { ChangeFeed, ChangeHandler, Clock, Digest, Ids, Meter, Outbox, Random } from './system.ts';
export type {
  ActiveMark,
  ActiveQueues,
  AddOutcome,
  Cancellation,
  ClaimOutcome,
  FleetLease,
  ListedStatus,
  QueueStore,
  RunnerCall,
  RunOutcome,
  TaskNotifications,
  TaskNotifier,
  TaskRunner,
  TaskStore,
} from './tasks.ts';
export type {
  AnswerStore,
  BallotCount,
  Delivery,
  DuePoll,
  FeedbackReceiver,
  PhoneNumber,
  PollStore,
  RecordOutcome,
  ReplyLimit,
  ShardFeed,
  TallyStore,
  VoteLedger,
  VotePseudonyms,
  VoterKeys,
} from './votes.ts';
