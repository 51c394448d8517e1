import { type DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { concurrently } from '../../domain/shared/concurrently.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import type { BallotCount } from '../../ports/votes.ts';
import { PARALLEL_REQUESTS } from './parallel-requests.ts';
import { retry } from './retry.ts';
import { BUCKETS, ballotPartition, voterPartition } from './vote-keys.ts';

/** How often the progress of a long count is stored, ms. */
const SAVE_INTERVAL_MS = 2_000;

type Key = Record<string, unknown>;
/** Ballots by number of the partition. */
type Counts = Readonly<Record<string, number>>;

const ALL_BUCKETS = Array.from({ length: BUCKETS }, (_, bucket) => bucket);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/**
 * Counts the ballots and double voters of a closed poll, a partition at a time. No ballot of this region is added any more,
 * so the counts of a long run are kept while it goes on, and the next one begins behind them.
 */
export class BallotCounter {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly region: string,
  ) {}

  async count(poll: Poll, regions: readonly string[]): Promise<BallotCount> {
    const ballots = await this.countAllBallots(poll);
    const findsDoubles = poll.voterLimit === 'one' && regions.length > 1;
    // Those of other regions may still come, so that they are counted anew each time.
    const doubles = await concurrently(PARALLEL_REQUESTS, findsDoubles ? ALL_BUCKETS : [], (bucket) =>
      this.countDoubleVoters(poll, bucket),
    );
    return { ballots, doubleVoters: sum(doubles) };
  }

  private async countAllBallots(poll: Poll): Promise<number> {
    let counts: Counts = await this.progress(poll);
    let savedAt = performance.now();
    let isSaved = Object.keys(counts).length > 0;
    const left = ALL_BUCKETS.filter((bucket) => !(bucket in counts));
    await concurrently(PARALLEL_REQUESTS, left, async (bucket) => {
      const ballots = await this.countBallots(poll, bucket);
      counts = { ...counts, [bucket]: ballots };
      if (performance.now() - savedAt < SAVE_INTERVAL_MS) return;
      savedAt = performance.now();
      isSaved = true;
      await this.save(poll, counts);
    });
    // The next audit counts anew.
    if (isSaved) await this.save(poll, {});
    return sum(Object.values(counts));
  }

  private async countBallots({ pollId }: Poll, bucket: number): Promise<number> {
    let count = 0;
    for await (const page of this.pages(ballotPartition(pollId, bucket), {
      Select: 'COUNT',
      FilterExpression: '#region = :region',
      ExpressionAttributeNames: { '#region': 'region' },
      ExpressionAttributeValues: { ':region': this.region },
    }))
      count += page.Count ?? 0;
    return count;
  }

  /** A voter's items lie one after the other, one for each region in which it voted. */
  private async countDoubleVoters({ pollId }: Poll, bucket: number): Promise<number> {
    let count = 0;
    let last = { voter: '', votes: 0 };
    for await (const { Items = [] } of this.pages(voterPartition(pollId, bucket), { ProjectionExpression: 'sk' }))
      for (const { sk } of Items) {
        const voter = String(sk).slice(0, String(sk).lastIndexOf('#'));
        last = { voter, votes: voter === last.voter ? last.votes + 1 : 1 };
        if (last.votes === 2) count++;
      }
    return count;
  }

  private async *pages(partition: string, query: Partial<ConstructorParameters<typeof QueryCommand>[0]>) {
    let ExclusiveStartKey: Key | undefined;
    do {
      const command = new QueryCommand({
        ...query,
        TableName: this.table,
        KeyConditionExpression: 'pk = :partition',
        ExpressionAttributeValues: { ...query.ExpressionAttributeValues, ':partition': partition },
        ConsistentRead: true,
        ExclusiveStartKey,
      });
      const page = await retry(() => this.client.send(command));
      yield page;
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }

  private async progress(poll: Poll): Promise<Counts> {
    const command = new GetCommand({ TableName: this.table, Key: this.progressKey(poll), ConsistentRead: true });
    const { Item } = await retry(() => this.client.send(command));
    return (Item?.counts ?? {}) as Counts;
  }

  private async save(poll: Poll, counts: Counts): Promise<void> {
    const Item = { ...this.progressKey(poll), counts };
    await retry(() => this.client.send(new PutCommand({ TableName: this.table, Item })));
  }

  /** Named after the region too: the table may be a copy that all regions share. */
  private progressKey({ pollId }: Poll) {
    return { pk: `COUNT#${pollId}#${this.region}`, sk: 'COUNT' };
  }
}
