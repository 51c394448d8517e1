import { randomUUID } from 'node:crypto';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  paginateQuery,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { concurrently } from '../../domain/shared/concurrently.ts';
import type { Clock } from '../../ports/system.ts';
import type { ActiveMark, ActiveQueues } from '../../ports/tasks.ts';
import { passIfRefused, throwStoreError } from './errors.ts';
import { PARALLEL_REQUESTS } from './parallel-requests.ts';
import { retry } from './retry.ts';

const PARTITION = 'ACTIVE';
const key = (queue: string) => ({ pk: PARTITION, sk: queue });
/** Sort key of the time of the last full scan; no queue can have this name. */
const COMPLETED = '*';
const COMPLETE_FOR_MS = 1_800_000;
/**
 * A queue that was touched stays active for longer, since a sweep forgets none that was marked within a minute; after that
 * it sees the task itself.
 */
const TOUCH_INTERVAL_MS = 30_000;

/** One small item for each active queue, beside each other in the table of queues: one request lists them. */
export class DynamoDbActiveQueues implements ActiveQueues {
  /** When this process touched which queue, epoch ms. */
  private readonly touchedAt = new Map<string, number>();

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Clock,
  ) {}

  async list() {
    const marks = new Map<string, ActiveMark>();
    let completedAt = Number.NEGATIVE_INFINITY;
    const query = {
      TableName: this.table,
      KeyConditionExpression: 'pk = :active',
      ExpressionAttributeValues: { ':active': PARTITION },
      ConsistentRead: true,
    };
    try {
      for await (const { Items = [] } of paginateQuery({ client: this.client }, query))
        for (const { sk, id, at } of Items)
          if (sk === COMPLETED) completedAt = at;
          else marks.set(sk, { id, at });
    } catch (error) {
      throwStoreError(error);
    }
    return { marks, isComplete: completedAt > this.clock.now() - COMPLETE_FOR_MS };
  }

  async mark(queues: readonly string[]): Promise<void> {
    await concurrently(PARALLEL_REQUESTS, queues, async (queue) => {
      const Item = { ...key(queue), ...this.newMark() };
      await retry(() => this.client.send(new PutCommand({ TableName: this.table, Item })));
    });
  }

  async touch(queue: string): Promise<void> {
    const now = this.clock.now();
    const isRecent = (at: number): boolean => at <= now && now - at < TOUCH_INTERVAL_MS;
    if (isRecent(this.touchedAt.get(queue) ?? Number.NEGATIVE_INFINITY)) return;
    for (const [each, at] of this.touchedAt) if (!isRecent(at)) this.touchedAt.delete(each);
    // Before the write, so that of many concurrent tasks only one writes the mark.
    this.touchedAt.set(queue, now);
    try {
      await this.mark([queue]);
    } catch (error) {
      this.touchedAt.delete(queue);
      throw error;
    }
  }

  async renew(queue: string): Promise<void> {
    const { id, at } = this.newMark();
    const command = new UpdateCommand({
      TableName: this.table,
      Key: key(queue),
      UpdateExpression: 'SET id = :id, #at = :at',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: { ':id': id, ':at': at },
    });
    await retry(() => this.client.send(command)).catch(passIfRefused);
  }

  async forget(queue: string, { id }: ActiveMark): Promise<void> {
    const command = new DeleteCommand({
      TableName: this.table,
      Key: key(queue),
      ConditionExpression: 'id = :seen',
      ExpressionAttributeValues: { ':seen': id },
    });
    await retry(() => this.client.send(command)).catch(passIfRefused);
  }

  async completed(): Promise<void> {
    const Item = { ...key(COMPLETED), at: this.clock.now() };
    await retry(() => this.client.send(new PutCommand({ TableName: this.table, Item })));
  }

  private newMark(): ActiveMark {
    return { id: randomUUID(), at: this.clock.now() };
  }
}
