import { randomBytes } from 'node:crypto';
import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { DynamoDbPollStore } from '../../../adapters/dynamodb/poll-store.ts';
import { DynamoDbReplyLimit } from '../../../adapters/dynamodb/reply-limit.ts';
import { DynamoDbTallyStore } from '../../../adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../../adapters/dynamodb/vote-ledger.ts';
import { DynamoDbVoterKeys } from '../../../adapters/dynamodb/voter-keys.ts';
import { MemoryChangeFeed } from '../../../adapters/memory/change-feed.ts';
import { MemoryPollStore } from '../../../adapters/memory/poll-store.ts';
import { MemoryReplyLimit } from '../../../adapters/memory/reply-limit.ts';
import { MemoryTallyStore } from '../../../adapters/memory/tally-store.ts';
import { MemoryVoteLedger } from '../../../adapters/memory/vote-ledger.ts';
import { MemoryVoterKeys } from '../../../adapters/memory/voter-keys.ts';
import { streamsClient } from '../../../adapters/streams/client.ts';
import { StreamConsumer } from '../../../adapters/streams/stream-consumer.ts';
import { VoteShardFeed } from '../../../adapters/streams/vote-shard-feed.ts';
import { HmacVotePseudonyms } from '../../../adapters/system/vote-pseudonyms.ts';
import { AnswerSms } from '../../../domain/votes/answer-sms.ts';
import { AuditPoll } from '../../../domain/votes/audit-poll.ts';
import { CastVote } from '../../../domain/votes/cast-vote.ts';
import { CheckTally } from '../../../domain/votes/check-tally.ts';
import { ClosePoll } from '../../../domain/votes/close-poll.ts';
import { CreatePoll } from '../../../domain/votes/create-poll.ts';
import { FindPolls } from '../../../domain/votes/find-polls.ts';
import { FoldShards } from '../../../domain/votes/fold-shards.ts';
import { GrowPoll } from '../../../domain/votes/grow-poll.ts';
import { createPollFrom } from '../../../domain/votes/poll.ts';
import { ReadResults } from '../../../domain/votes/read-results.ts';
import { RecountPoll } from '../../../domain/votes/recount-poll.ts';
import { ReplaceVoterKey } from '../../../domain/votes/replace-voter-key.ts';
import { SweepPolls } from '../../../domain/votes/sweep-polls.ts';
import { TakeSmsVote } from '../../../domain/votes/take-sms-vote.ts';
import type { ShardImage } from '../../../domain/votes/tally.ts';
import type {
  PollStore,
  ReplyLimit,
  ShardFeed,
  TallyStore,
  VoteLedger,
  VotePseudonyms,
  VoterKeys,
} from '../../../ports/votes.ts';
import { system } from '../compose.ts';
import { dynamoDb } from '../dynamodb.ts';
import { token } from '../token.ts';
import { defaultPollOf, tablesOf, type VotesConfig } from './settings.ts';
import { recordAudit, tellPassedOver } from './stream-handler.ts';

export const ports = {
  polls: token<PollStore>('PollStore'),
  ledger: token<VoteLedger>('VoteLedger'),
  tallies: token<TallyStore>('TallyStore'),
  shardFeed: token<ShardFeed>('ShardFeed'),
  pseudonyms: token<VotePseudonyms>('VotePseudonyms'),
  replyLimit: token<ReplyLimit>('ReplyLimit'),
  voterKeys: token<VoterKeys>('VoterKeys'),
};

export const useCases = {
  createPoll: token<CreatePoll>('CreatePoll'),
  findPolls: token<FindPolls>('FindPolls'),
  castVote: token<CastVote>('CastVote'),
  takeSmsVote: token<TakeSmsVote>('TakeSmsVote'),
  answerSms: token<AnswerSms>('AnswerSms'),
  readResults: token<ReadResults>('ReadResults'),
  closePoll: token<ClosePoll>('ClosePoll'),
  checkTally: token<CheckTally>('CheckTally'),
  auditPoll: token<AuditPoll>('AuditPoll'),
  sweepPolls: token<SweepPolls>('SweepPolls'),
  recountPoll: token<RecountPoll>('RecountPoll'),
  foldShards: token<FoldShards>('FoldShards'),
  growPoll: token<GrowPoll>('GrowPoll'),
  replaceVoterKey: token<ReplaceVoterKey>('ReplaceVoterKey'),
};

/** Binds the ports of the votes context to the adapters of the configured profile, and its use cases to the ports. */
export const votesModule = (config: VotesConfig): ContainerModule =>
  new ContainerModule((options) => {
    if (config.STORAGE === 'memory') bindMemory(options, config);
    else bindDynamoDb(options, config);
    bindUseCases(options, config);
  });

/** No more than a function needs that folds shards into tallies. */
export const foldingModule = (config: VotesConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindTallies(options, config);
    bindFolding(options);
  });

/** No more than a function needs that looks after polls. */
export const sweepingModule = (config: VotesConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindTallies(options, config);
    bindPolls(options, config);
    bindLedger(options, config);
    bindSweeping(options);
  });

function bindMemory({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  const memoryFeed = token<MemoryChangeFeed<ShardImage>>('MemoryChangeFeed<ShardImage>');
  bind(memoryFeed).toResolvedValue(() => new MemoryChangeFeed<ShardImage>());
  bind(ports.shardFeed).toService(memoryFeed);
  bind(ports.ledger).toResolvedValue((random, feed) => new MemoryVoteLedger(random, feed), [system.random, memoryFeed]);
  bind(ports.tallies).toResolvedValue(() => new MemoryTallyStore());
  bind(ports.replyLimit).toResolvedValue(() => new MemoryReplyLimit());
  bind(ports.polls).toResolvedValue(
    (clock, { keyFingerprint }) => {
      const draft = { question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'], shards: config.VOTE_SHARDS };
      const poll = createPollFrom(draft, 'colors', clock.now());
      return new MemoryPollStore([{ ...poll, voterKey: keyFingerprint }]);
    },
    [system.clock, ports.pseudonyms],
  );
  bind(ports.voterKeys).toResolvedValue(() => new MemoryVoterKeys());
  bind(ports.pseudonyms).toResolvedValue(
    () => new HmacVotePseudonyms(config.VOTER_KEY ?? randomBytes(32).toString('base64url')),
  );
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
  bind(ports.voterKeys).toResolvedValue((client) => new DynamoDbVoterKeys(client, tablesOf(config).votes), [dynamoDb]);
  bind(ports.replyLimit).toResolvedValue(
    (client) => new DynamoDbReplyLimit(client, tablesOf(config).votes),
    [dynamoDb],
  );
}

function bindTallies({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  const { tallies } = tablesOf(config);
  bind(ports.tallies).toResolvedValue(
    (client, lifecycle) => {
      const store = new DynamoDbTallyStore(client, tallies);
      lifecycle.dependsOn('store', async () => void (await store.get('readiness')));
      return store;
    },
    [dynamoDb, system.lifecycle],
  );
}

function bindPolls({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  const { tallies } = tablesOf(config);
  bind(ports.polls).toResolvedValue(
    (client, lifecycle) => {
      const store = new DynamoDbPollStore(client, tallies);
      lifecycle.dependsOn('store', async () => void (await store.get('readiness')));
      return store;
    },
    [dynamoDb, system.lifecycle],
  );
}

function bindLedger({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  const { votes } = tablesOf(config);
  const region = config.AWS_REGION as string;
  bind(ports.ledger).toResolvedValue(
    (client, random) => new DynamoDbVoteLedger(client, votes, region, random),
    [dynamoDb, system.random],
  );
}

function bindFeed({ bind }: ContainerModuleLoadOptions, config: VotesConfig): void {
  const { votes, leases } = tablesOf(config);
  bind(ports.shardFeed).toResolvedValue(
    (client, lifecycle, clock, ids, logger, meter) => {
      const streams = streamsClient(config.AWS_ENDPOINT_URL_DYNAMODB);
      lifecycle.onClose(() => streams.destroy());
      const records = new StreamConsumer({
        client,
        streams,
        table: votes,
        leaseTable: leases,
        owner: ids.next(),
        clock,
        leaseMs: LEASE_MS,
        onError: (err, doing) => logger.error({ err }, `${doing} failed; it is tried again`),
      });
      return new VoteShardFeed(records, (decoded) => tellPassedOver(logger, meter, decoded));
    },
    [dynamoDb, system.lifecycle, system.clock, system.ids, system.logger, system.meter],
  );
}

function bindFolding({ bind }: ContainerModuleLoadOptions): void {
  bind(useCases.foldShards).toResolvedValue(
    (tallies, clock) => new FoldShards(tallies, clock),
    [ports.tallies, system.clock],
  );
}

function bindSweeping({ bind }: ContainerModuleLoadOptions): void {
  const { polls, ledger, tallies } = ports;
  const { clock, logger, meter } = system;
  bind(useCases.checkTally).toResolvedValue(
    (polls, ledger, tallies, clock, logger, meter) =>
      new CheckTally(polls, ledger, tallies, clock, (pollId, votes) => {
        logger.warn({ pollId, votes }, 'votes were missing in a tally that the change stream should have brought');
        meter.record('VotesRepaired', votes, 'Count');
      }),
    [polls, ledger, tallies, clock, logger, meter],
  );
  bind(useCases.closePoll).toResolvedValue(
    (polls, ledger, clock) => new ClosePoll(polls, ledger, clock),
    [polls, ledger, clock],
  );
  bind(useCases.auditPoll).toResolvedValue(
    (polls, ledger, tallies, checkTally, clock) => new AuditPoll(polls, ledger, tallies, checkTally, clock),
    [polls, ledger, tallies, useCases.checkTally, clock],
  );
  bind(useCases.sweepPolls).toResolvedValue(
    (polls, tallies, checkTally, closePoll, auditPoll, clock, logger, meter) =>
      new SweepPolls(polls, tallies, checkTally, closePoll, auditPoll, clock, (pollId, audit) =>
        recordAudit(logger, meter, pollId, audit),
      ),
    [polls, tallies, useCases.checkTally, useCases.closePoll, useCases.auditPoll, clock, logger, meter],
  );
}

function bindUseCases(options: ContainerModuleLoadOptions, config: VotesConfig): void {
  bindFolding(options);
  bindSweeping(options);
  const { bind } = options;
  const { polls, ledger, tallies, pseudonyms, voterKeys } = ports;
  const { clock, ids } = system;
  bind(useCases.createPoll).toResolvedValue(
    (polls, voterKeys, pseudonyms, clock, ids) =>
      new CreatePoll(polls, voterKeys, pseudonyms, clock, ids, config.VOTE_SHARDS),
    [polls, voterKeys, pseudonyms, clock, ids],
  );
  bind(useCases.replaceVoterKey).toResolvedValue(
    (polls, voterKeys, pseudonyms, clock) => new ReplaceVoterKey(polls, voterKeys, pseudonyms, clock),
    [polls, voterKeys, pseudonyms, clock],
  );
  bind(useCases.growPoll).toResolvedValue((polls) => new GrowPoll(polls), [polls]);
  bind(useCases.findPolls).toResolvedValue((polls) => new FindPolls(polls), [polls]);
  bind(useCases.castVote).toResolvedValue(
    (polls, ledger, pseudonyms, clock, ids) => new CastVote(polls, ledger, pseudonyms, clock, ids),
    [polls, ledger, pseudonyms, clock, ids],
  );
  bind(useCases.takeSmsVote).toResolvedValue(
    (polls, ledger, pseudonyms, castVote, clock) =>
      new TakeSmsVote(polls, ledger, pseudonyms, castVote, clock, defaultPollOf(config)),
    [polls, ledger, pseudonyms, useCases.castVote, clock],
  );
  bind(useCases.answerSms).toResolvedValue(
    (takeSmsVote, replyLimit, pseudonyms, clock, logger) =>
      new AnswerSms(takeSmsVote, replyLimit, pseudonyms, clock, (err) =>
        logger.warn({ err }, 'a text is not answered, since replies cannot be counted'),
      ),
    [useCases.takeSmsVote, ports.replyLimit, pseudonyms, clock, system.logger],
  );
  bind(useCases.readResults).toResolvedValue(
    (polls, tallies, checkTally, clock) => new ReadResults(polls, tallies, checkTally, clock),
    [polls, tallies, useCases.checkTally, clock],
  );
  bind(useCases.recountPoll).toResolvedValue(
    (polls, ledger, tallies, auditPoll, clock) => new RecountPoll(polls, ledger, tallies, auditPoll, clock),
    [polls, ledger, tallies, useCases.auditPoll, clock],
  );
}
