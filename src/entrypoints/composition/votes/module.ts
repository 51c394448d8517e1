import { setTimeout as delay } from 'node:timers/promises';
import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { DynamoDbAnswerStore } from '../../../adapters/dynamodb/answer-store.ts';
import { DynamoDbPollStore } from '../../../adapters/dynamodb/poll-store.ts';
import { DynamoDbReplyLimit } from '../../../adapters/dynamodb/reply-limit.ts';
import { streamsClient } from '../../../adapters/dynamodb/streams/client.ts';
import { StreamConsumer } from '../../../adapters/dynamodb/streams/stream-consumer.ts';
import type { StreamRecord } from '../../../adapters/dynamodb/streams/stream-record.ts';
import { VoteShardFeed } from '../../../adapters/dynamodb/streams/vote-shard-feed.ts';
import { DynamoDbTallyStore } from '../../../adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../../adapters/dynamodb/vote-ledger.ts';
import { DynamoDbVoterKeys } from '../../../adapters/dynamodb/voter-keys.ts';
import { MemoryAnswerStore } from '../../../adapters/memory/answer-store.ts';
import { MemoryChangeFeed } from '../../../adapters/memory/change-feed.ts';
import { MemoryPollStore } from '../../../adapters/memory/poll-store.ts';
import { MemoryReplyLimit } from '../../../adapters/memory/reply-limit.ts';
import { MemoryTallyStore } from '../../../adapters/memory/tally-store.ts';
import { MemoryVoteLedger } from '../../../adapters/memory/vote-ledger.ts';
import { MemoryVoterKeys } from '../../../adapters/memory/voter-keys.ts';
import { HmacVotePseudonyms } from '../../../adapters/system/vote-pseudonyms.ts';
import { AnswerBallot } from '../../../domain/votes/answer-ballot.ts';
import { AnswerSms } from '../../../domain/votes/answer-sms.ts';
import { AuditPoll } from '../../../domain/votes/audit-poll.ts';
import { CastVote } from '../../../domain/votes/cast-vote.ts';
import { CheckTally } from '../../../domain/votes/check-tally.ts';
import { ClosePoll } from '../../../domain/votes/close-poll.ts';
import { CreatePoll } from '../../../domain/votes/create-poll.ts';
import type { FeedbackChange } from '../../../domain/votes/feedback.ts';
import { FindPolls } from '../../../domain/votes/find-polls.ts';
import { FindVote } from '../../../domain/votes/find-vote.ts';
import { FoldShards } from '../../../domain/votes/fold-shards.ts';
import { GrowPoll } from '../../../domain/votes/grow-poll.ts';
import { ListAnswers } from '../../../domain/votes/list-answers.ts';
import { createPollFrom } from '../../../domain/votes/poll.ts';
import { ReadResults } from '../../../domain/votes/read-results.ts';
import { RecountPoll } from '../../../domain/votes/recount-poll.ts';
import { ReplaceVoterKey } from '../../../domain/votes/replace-voter-key.ts';
import { SweepPolls } from '../../../domain/votes/sweep-polls.ts';
import { TakeSmsVote } from '../../../domain/votes/take-sms-vote.ts';
import type { ShardImage } from '../../../domain/votes/tally.ts';
import type {
  AnswerStore,
  FeedbackFeed,
  FeedbackReceiver,
  PollStore,
  ReplyLimit,
  ShardFeed,
  TallyStore,
  VoteLedger,
  VotePseudonyms,
  VoterKeys,
} from '../../../ports/votes.ts';
import { isEmbedded, streamsEndpoint } from '../../config/core.ts';
import { defaultPollOf, type VotesConfig } from '../../config/votes.ts';
import { system } from '../compose.ts';
import { bindStore, dynamoDb } from '../dynamodb.ts';
import { bindEmbedded, type EmbeddedStorage, embedded, firstContent, madeKey } from '../embedded.ts';
import { provide, token, value } from '../token.ts';
import { logSkipped, recordAudit } from './fold-records.ts';

export const ports = {
  polls: token<PollStore>('PollStore'),
  ledger: token<VoteLedger>('VoteLedger'),
  answers: token<AnswerStore>('AnswerStore'),
  tallies: token<TallyStore>('TallyStore'),
  shardFeed: token<ShardFeed>('ShardFeed'),
  /** Bound where votes are joined to tasks. */
  receiver: token<FeedbackReceiver>('FeedbackReceiver'),
  /** Of an embedded store: the votes, and what is said beside them. */
  feedbackFeeds: token<readonly FeedbackFeed[]>('FeedbackFeeds'),
  /** Of a stream that this process reads: called with each batch once its votes are folded. Never rejects. */
  afterFold: token<(records: readonly StreamRecord[]) => Promise<void>>('AfterFold'),
  pseudonyms: token<VotePseudonyms>('VotePseudonyms'),
  replyLimit: token<ReplyLimit>('ReplyLimit'),
  voterKeys: token<VoterKeys>('VoterKeys'),
};

/** Binds the ports of the votes context to the adapters of the configured profile, and its use cases to the ports. */
export const votesModule = (config: VotesConfig): ContainerModule =>
  new ContainerModule((options) => {
    if (isEmbedded(config)) bindEmbeddedStores(options, config);
    else bindDynamoDb(options, config);
    bindUseCases(options, config);
  });

/** No more than a function needs that folds shards into tallies. */
export const foldingModule = (config: VotesConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindTallies(options, config);
    bindFolding(options);
  });

/** No more than a function needs that reads what is to be told of feedback, and keeps what was. */
export const notifyingModule = (config: VotesConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindPolls(options, config);
    bindLedger(options, config);
    bindAnswers(options, config);
  });

/** No more than a function needs that looks after polls. */
export const sweepingModule = (config: VotesConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindTallies(options, config);
    bindPolls(options, config);
    bindLedger(options, config);
    bindSweeping(options);
  });

function bindEmbeddedStores({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  const shardFeed = token<MemoryChangeFeed<ShardImage>>('MemoryChangeFeed<ShardImage>');
  const ballotFeed = token<MemoryChangeFeed<FeedbackChange>>('MemoryChangeFeed<Ballot>');
  const answersFeed = token<MemoryChangeFeed<FeedbackChange>>('MemoryChangeFeed<Answers>');
  bind(shardFeed).toResolvedValue((storage) => feedOf<ShardImage>(storage, 'unfolded-shards'), [embedded]);
  bind(ports.shardFeed).toService(shardFeed);
  bind(ballotFeed).toResolvedValue((storage) => feedOf<FeedbackChange>(storage, 'untold-ballots'), [embedded]);
  bind(answersFeed).toResolvedValue((storage) => feedOf<FeedbackChange>(storage, 'untold-answers'), [embedded]);
  bind(ports.ledger).toResolvedValue(
    (storage, random, shards, votes) => storage.durable(new MemoryVoteLedger(random, shards, storage.maps, votes)),
    [embedded, system.random, shardFeed, ballotFeed],
  );
  bind(ports.answers).toResolvedValue(
    (storage, feed) => storage.durable(new MemoryAnswerStore(storage.maps, feed)),
    [embedded, answersFeed],
  );
  // The stores too, since a feed reads from its store what is left from before.
  bind(ports.feedbackFeeds).toResolvedValue(
    (ballots, answers, _ledger, _answerStore) => [ballots, answers],
    [ballotFeed, answersFeed, ports.ledger, ports.answers],
  );
  bindEmbedded(bind, ports.tallies, ({ maps }) => new MemoryTallyStore(maps));
  bindEmbedded(bind, ports.replyLimit, ({ maps }) => new MemoryReplyLimit(undefined, maps));
  bindEmbedded(bind, ports.voterKeys, ({ maps }) => new MemoryVoterKeys(maps));
  bind(ports.polls).toResolvedValue(
    (storage, clock, { keyFingerprint }) => {
      const draft = { question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'], shards: config.VOTE_SHARDS };
      const polls = firstContent(storage, 'votes', () => [
        { ...createPollFrom(draft, 'colors', clock.now()), voterKey: keyFingerprint },
      ]);
      return storage.durable(new MemoryPollStore(polls, storage.maps));
    },
    [embedded, system.clock, ports.pseudonyms],
  );
  bind(ports.pseudonyms).toResolvedValue(
    (storage) => new HmacVotePseudonyms(config.VOTER_KEY ?? madeKey(storage, 'voter-key')),
    [embedded],
  );
}

/** On disk, where each write is synced, the changes of a while are folded together. */
const FOLD_EVERY_MS = 20;

/** @param name of what was not handled yet */
function feedOf<Change>({ maps, disk }: EmbeddedStorage, name: string): MemoryChangeFeed<Change> {
  const waiting = maps.map<true>(name);
  return disk
    ? new MemoryChangeFeed<Change>(
        waiting,
        () => delay(FOLD_EVERY_MS),
        () => disk.durable(),
      )
    : new MemoryChangeFeed<Change>(waiting);
}

/** How long a process that died keeps its part of the stream, ms. */
const LEASE_MS = 6_000;

function bindDynamoDb(options: ContainerModuleLoadOptions, config: VotesConfig): void {
  bindTallies(options, config);
  bindPolls(options, config);
  bindLedger(options, config);
  bindFeed(options, config);
  const { bind } = options;
  bind(ports.pseudonyms).toResolvedValue(() => new HmacVotePseudonyms(config.VOTER_KEY as string));
  bind(ports.voterKeys).toResolvedValue((client) => new DynamoDbVoterKeys(client, config.VOTES_TABLE), [dynamoDb]);
  bindAnswers(options, config);
  bind(ports.replyLimit).toResolvedValue((client) => new DynamoDbReplyLimit(client, config.VOTES_TABLE), [dynamoDb]);
}

function bindTallies({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  bindStore(bind, ports.tallies, (client) => new DynamoDbTallyStore(client, config.TALLIES_TABLE));
}

function bindPolls({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  bindStore(bind, ports.polls, (client) => new DynamoDbPollStore(client, config.TALLIES_TABLE));
}

function bindLedger({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  const region = config.AWS_REGION as string;
  bind(ports.ledger).toResolvedValue(
    (client, random) => new DynamoDbVoteLedger(client, config.VOTES_TABLE, region, random),
    [dynamoDb, system.random],
  );
}

function bindAnswers({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  bind(ports.answers).toResolvedValue((client) => new DynamoDbAnswerStore(client, config.VOTES_TABLE), [dynamoDb]);
}

function bindFeed({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  bind(ports.afterFold).toConstantValue(async () => undefined);
  bind(ports.shardFeed).toResolvedValue(
    (client, lifecycle, clock, ids, logger, meter, afterFold) => {
      const streams = streamsClient(streamsEndpoint(config));
      lifecycle.onClose(() => streams.destroy());
      const records = new StreamConsumer({
        client,
        streams,
        table: config.VOTES_TABLE,
        leaseTable: config.LEASES_TABLE,
        owner: ids.next(),
        clock,
        leaseMs: LEASE_MS,
        onError: (err, doing) => logger.error({ err }, `${doing} failed; it is tried again`),
      });
      return new VoteShardFeed(records, (decoded) => logSkipped(logger, meter, decoded), afterFold);
    },
    [dynamoDb, system.lifecycle, system.clock, system.ids, system.logger, system.meter, ports.afterFold],
  );
}

function bindFolding({ bind }: ContainerModuleLoadOptions): void {
  provide(bind, FoldShards, ports.tallies, system.clock);
}

function bindSweeping({ bind }: ContainerModuleLoadOptions): void {
  const { polls, ledger, tallies } = ports;
  const { clock, logger, meter } = system;
  bind(CheckTally).toResolvedValue(
    (polls, ledger, tallies, clock, logger, meter) =>
      new CheckTally(polls, ledger, tallies, clock, (pollId, votes) => {
        logger.warn({ pollId, votes }, 'votes were missing in a tally that the change stream should have brought');
        meter.record('VotesRepaired', votes, 'Count');
      }),
    [polls, ledger, tallies, clock, logger, meter],
  );
  provide(bind, ClosePoll, polls, ledger, clock);
  provide(bind, AuditPoll, polls, ledger, tallies, CheckTally, clock);
  bind(SweepPolls).toResolvedValue(
    (polls, tallies, checkTally, closePoll, auditPoll, clock, logger, meter) =>
      new SweepPolls(polls, tallies, checkTally, closePoll, auditPoll, clock, (pollId, audit) =>
        recordAudit(logger, meter, pollId, audit),
      ),
    [polls, tallies, CheckTally, ClosePoll, AuditPoll, clock, logger, meter],
  );
}

function bindUseCases(options: ContainerModuleLoadOptions, config: VotesConfig): void {
  bindFolding(options);
  bindSweeping(options);
  const { bind } = options;
  const { polls, ledger, tallies, pseudonyms, voterKeys } = ports;
  const { clock, ids } = system;
  provide(bind, CreatePoll, polls, voterKeys, pseudonyms, clock, ids, value(config.VOTE_SHARDS), ports.receiver);
  provide(bind, ReplaceVoterKey, polls, voterKeys, pseudonyms, clock);
  provide(bind, GrowPoll, polls);
  provide(bind, FindPolls, polls);
  provide(bind, CastVote, polls, ledger, pseudonyms, clock, ids);
  provide(bind, AnswerBallot, polls, ledger, ports.answers, pseudonyms, clock);
  provide(bind, FindVote, ledger, ports.answers, pseudonyms);
  provide(bind, ListAnswers, ports.answers);
  provide(bind, TakeSmsVote, polls, ledger, pseudonyms, CastVote, clock, value(defaultPollOf(config)));
  bind(AnswerSms).toResolvedValue(
    (takeSmsVote, replyLimit, pseudonyms, clock, logger) =>
      new AnswerSms(takeSmsVote, replyLimit, pseudonyms, clock, (err) =>
        logger.warn({ err }, 'a text is not answered, since replies cannot be counted'),
      ),
    [TakeSmsVote, ports.replyLimit, pseudonyms, system.steadyClock, system.logger],
  );
  provide(bind, ReadResults, polls, tallies, CheckTally, clock);
  provide(bind, RecountPoll, polls, ledger, tallies, AuditPoll, clock);
}
