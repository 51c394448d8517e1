import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { concurrently } from '../../domain/shared/concurrently.ts';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import { type Ballot, sameVote } from '../../domain/votes/ballot.ts';
import { termsOf } from '../../domain/votes/feedback.ts';
import { MAX_CHOICES, type Poll } from '../../domain/votes/poll.ts';
import { SHARD_VERSION, type ShardImage, type ShardName } from '../../domain/votes/tally.ts';
import type { Random } from '../../ports/system.ts';
import type { BallotCount, RecordOutcome, VoteLedger } from '../../ports/votes.ts';
import { BallotCounter } from './ballot-count.ts';
import { batchGet } from './batch-get.ts';
import { isAmbiguous, isContention, throwStoreError } from './errors.ts';
import { PARALLEL_REQUESTS } from './parallel-requests.ts';
import { retry } from './retry.ts';
import { ShardPicker } from './shard-picker.ts';
import { ballotKey, messageKey, shardItemKey, termsText, voterKey } from './vote-keys.ts';

/** The form of ballots and voters. */
const BALLOT_VERSION = 2;
/** Twilio repeats a message within minutes; an attacker with a signed one could replay it later. */
const MESSAGE_KEPT_S = 30 * 86_400;

type BallotItem = Pick<Ballot, 'choices' | 'channel' | 'voter' | 'acceptedAt'>;
/** A shard as it is stored: `v3` holds the votes of the fourth choice. */
type ShardItem = Pick<ShardImage, 'pollId' | 'region' | 'shard' | 'ballots' | 'lastVoteAt'> & {
  readonly closed?: number;
};

export class DynamoDbVoteLedger implements VoteLedger {
  private readonly picker: ShardPicker;
  private readonly counter: BallotCounter;

  /** @param region the region that owns the shards to which this ledger adds */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    readonly region: string,
    random: Random,
  ) {
    this.picker = new ShardPicker(random);
    this.counter = new BallotCounter(client, table, region);
  }

  /**
   * Two votes that meet in one shard cannot both commit: the loser moves to another random shard.
   * The SDK repeats a request whose answer was lost with the same token, under which DynamoDB commits it once; when it
   * gives up, the ballot itself tells whether the vote counted.
   */
  async record(poll: Poll, ballot: Ballot, message?: string): Promise<RecordOutcome> {
    return retry(() =>
      this.picker.with(poll, async (shard) => {
        const vote = { poll, ballot, message, shard: { region: this.region, shard } };
        try {
          await this.client.send(new TransactWriteCommand(recordBallot(this.table, vote)));
          return { kind: 'counted' };
        } catch (error) {
          const refusal = refusalIn(error, vote);
          if (refusal) return refusal;
          if (isAmbiguous(error)) return this.resolve(ballot, error);
          throw error;
        }
      }),
    );
  }

  async find(pollId: string, ballotId: string): Promise<Ballot | undefined> {
    const Item = await this.read(ballotKey(pollId, ballotId));
    return Item && ballotIn(pollId, ballotId, Item as BallotItem);
  }

  async findMessage(message: string): Promise<string | undefined> {
    return (await this.read(messageKey(message)))?.pollId as string | undefined;
  }

  /** Idempotent and resumable: writes only shards that are not closed yet. */
  async closeShards(poll: Poll): Promise<void> {
    const closed = new Set(
      (await this.readShards(poll, [])).filter((image) => image.closed > 0).map(({ shard }) => shard),
    );
    const open = shardNames(poll, [this.region]).filter(({ shard }) => !closed.has(shard));
    await concurrently(PARALLEL_REQUESTS, open, (name) =>
      retry(() => this.client.send(new UpdateCommand(closeShard(this.table, poll, name)))),
    );
  }

  countBallots(poll: Poll, regions: readonly string[]): Promise<BallotCount> {
    return this.counter.count(poll, regions);
  }

  async readShards(poll: Poll, regions: readonly string[]): Promise<readonly ShardImage[]> {
    const keys = shardNames(poll, [this.region, ...regions]).map((name) => shardItemKey(poll.pollId, name));
    return (await batchGet(this.client, this.table, keys)).map((item) => imageIn(item as unknown as ShardItem));
  }

  private async read(Key: Record<string, string>): Promise<Record<string, unknown> | undefined> {
    const command = new GetCommand({ TableName: this.table, Key, ConsistentRead: true });
    return (await this.client.send(command).catch(throwStoreError)).Item;
  }

  /** After a lost answer: the stored ballot counted, and it is ours if it says the same. */
  private async resolve(ballot: Ballot, cause: unknown): Promise<RecordOutcome> {
    const stored = await this.find(ballot.pollId, ballot.ballotId);
    if (!stored) throw storeUnavailable(cause);
    const isOurs = sameVote(stored, ballot) && stored.acceptedAt === ballot.acceptedAt;
    return isOurs ? { kind: 'counted' } : { kind: 'repeated', ballot: stored };
  }
}

const shardNames = ({ shards }: Poll, regions: readonly string[]): ShardName[] =>
  [...new Set(regions)].flatMap((region) => Array.from({ length: shards }, (_, shard) => ({ region, shard })));

const ballotIn = (pollId: string, ballotId: string, { choices, channel, voter, acceptedAt }: BallotItem): Ballot => ({
  pollId,
  ballotId,
  choices,
  channel,
  voter,
  acceptedAt,
});

const votesName = (choice: number): string => `v${choice}`;

function imageIn({ pollId, region, shard, ballots, lastVoteAt, closed = 0, ...votes }: ShardItem): ShardImage {
  const counts: number[] = [];
  for (const [name, count] of Object.entries(votes)) {
    const choice = /^v(\d+)$/.exec(name)?.[1];
    if (choice === undefined || Number(choice) >= MAX_CHOICES) continue;
    while (counts.length <= Number(choice)) counts.push(0);
    counts[Number(choice)] = count as number;
  }
  return { pollId, region, shard, votes: counts, ballots, closed, lastVoteAt };
}

interface Vote {
  readonly poll: Poll;
  readonly ballot: Ballot;
  readonly message: string | undefined;
  readonly shard: ShardName;
}

/**
 * The vote: its ballot, its count and, where a voter has one vote, the voter, and where a message might count in two polls,
 * the message; all or none. 4 write units, and 2 for each of the others.
 *
 *     copy 1:  put ballot if new ─ add 1 ─ commit
 *     copy 2:                              put ballot if new ─ refused, with the first ballot
 *     close:             poll closed ─ shard closed ─ counted
 *     vote:   poll open ───────────────────────────── add 1 if the shard is open ─ refused
 */
export function recordBallot(table: string, { poll, ballot, message, shard }: Vote): TransactWriteCommandInput {
  const isNew = 'attribute_not_exists(pk)';
  const shardIsOpen = 'attribute_not_exists(closed)';
  const { pollId, ballotId, choices, channel, voter, acceptedAt } = ballot;
  const { region } = shard;
  const terms = termsOf(poll);
  const counts = choices.map((choice) => `${votesName(choice)} :one`).join(', ');
  return {
    TransactItems: [
      {
        Put: {
          TableName: table,
          Item: {
            ...ballotKey(pollId, ballotId),
            version: BALLOT_VERSION,
            choices,
            channel,
            voter,
            region,
            acceptedAt,
            ...(terms ? { notify: termsText(terms) } : {}),
          },
          ConditionExpression: isNew,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
      {
        Update: {
          TableName: table,
          Key: shardItemKey(pollId, shard),
          UpdateExpression: `SET ${shardFields}, lastVoteAt = :acceptedAt ADD ballots :one, ${counts}`,
          ConditionExpression: shardIsOpen,
          ExpressionAttributeNames: shardFieldNames,
          ExpressionAttributeValues: { ...shardFieldValues(pollId, shard), ':acceptedAt': acceptedAt, ':one': 1 },
        },
      },
      ...(message === undefined
        ? []
        : [
            {
              Put: {
                TableName: table,
                Item: { ...messageKey(message), pollId, ttl: Math.ceil(acceptedAt / 1_000) + MESSAGE_KEPT_S },
                ConditionExpression: isNew,
                ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
              },
            },
          ]),
      ...(poll.voterLimit === 'one' && voter !== undefined
        ? [
            {
              Put: {
                TableName: table,
                Item: { ...voterKey(pollId, voter, region), version: BALLOT_VERSION, ballotId },
                ConditionExpression: isNew,
              },
            },
          ]
        : []),
    ],
  };
}

/** Closes a shard; one without a vote is created, so that no vote can create it open. */
export const closeShard = (table: string, { pollId, shards }: Poll, name: ShardName): UpdateCommandInput => ({
  TableName: table,
  Key: shardItemKey(pollId, name),
  UpdateExpression: `SET ${shardFields}, closed = :shards, ballots = if_not_exists(ballots, :none), lastVoteAt = if_not_exists(lastVoteAt, :none)`,
  ExpressionAttributeNames: shardFieldNames,
  ExpressionAttributeValues: { ...shardFieldValues(pollId, name), ':shards': shards, ':none': 0 },
});

/** A shard item names itself, so that its image in the stream can be read without its key. */
const shardFields = '#kind = :kind, #version = :version, pollId = :pollId, #region = :region, #shard = :shard';
const shardFieldNames = { '#kind': 'kind', '#version': 'version', '#region': 'region', '#shard': 'shard' };
const shardFieldValues = (pollId: string, { region, shard }: ShardName) => ({
  ':kind': 'shard',
  ':version': SHARD_VERSION,
  ':pollId': pollId,
  ':region': region,
  ':shard': shard,
});

/** The reason why a condition failed, in this order: a repeat, the close, the voter. */
function refusalIn(error: unknown, { ballot: { pollId, ballotId }, message }: Vote): RecordOutcome | undefined {
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const [ballot, shard, ...others] = (error.CancellationReasons ?? []).map(({ Code, Item }) =>
    Code === 'ConditionalCheckFailed' ? { item: Item } : undefined,
  );
  if (ballot?.item)
    return { kind: 'repeated', ballot: ballotIn(pollId, ballotId, unmarshall(ballot.item) as BallotItem) };
  const counted = message === undefined ? undefined : others.shift();
  if (counted?.item) return { kind: 'message-counted', pollId: unmarshall(counted.item).pollId };
  if (isContention(error)) return undefined;
  if (shard) return { kind: 'closed' };
  return others[0] ? { kind: 'already-voted' } : undefined;
}
