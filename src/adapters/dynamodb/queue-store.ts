import { randomUUID } from 'node:crypto';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import { type Queue, type QueueSettings, type QueueState, queueSettings } from '../../domain/tasks/queue.ts';
import type { QueueStore } from '../../ports/tasks.ts';
import { batchGet } from './batch-get.ts';
import { passIfRefused, throwStoreError } from './errors.ts';
import { sortKeyPage } from './pages.ts';
import { retry } from './retry.ts';

const settingsKey = (queue: string) => ({ pk: `QUEUE#${queue}`, sk: 'SETTINGS' });
/** Entry in the list of all queues, sorted by name. */
const listKey = (queue: string) => ({ pk: 'QUEUES', sk: queue });

export class DynamoDbQueueStore implements QueueStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async get(queue: string): Promise<Queue | undefined> {
    const command = new GetCommand({ TableName: this.table, Key: settingsKey(queue), ConsistentRead: true });
    const { Item } = await this.client.send(command).catch(throwStoreError);
    return Item && queueIn(Item);
  }

  async replace(seen: Queue | undefined, settings: QueueSettings): Promise<Queue | undefined> {
    try {
      return await this.write(settings, asSeen(seen));
    } catch (error) {
      if (isOtherwise(error)) return undefined;
      throw error;
    }
  }

  async create(settings: QueueSettings): Promise<Queue> {
    try {
      return await this.write(settings, asSeen(undefined));
    } catch (error) {
      if (!isOtherwise(error)) throw error;
    }
    return (await this.get(settings.queue)) ?? { ...settings, paused: false };
  }

  async pause(queue: string, paused: boolean): Promise<Queue | undefined> {
    const command = new UpdateCommand(pauseQueue(this.table, queue, paused));
    const answer = await retry(() => this.client.send(command)).catch(passIfRefused);
    return answer && queueIn(answer.Attributes as Record<string, unknown>);
  }

  async replaceState<Name extends keyof QueueState>(
    queue: string,
    name: Name,
    seen: QueueState[Name],
    after: QueueState[Name],
  ): Promise<boolean> {
    const command = new UpdateCommand(changeMemory(this.table, queue, name, seen, after));
    return (await retry(() => this.client.send(command)).catch(passIfRefused)) !== undefined;
  }

  async remove(queue: string, seen?: Queue): Promise<boolean> {
    try {
      await retry(() => this.client.send(new TransactWriteCommand(removeQueue(this.table, queue, seen))));
      return true;
    } catch (error) {
      if (isOtherwise(error)) return false;
      throw error;
    }
  }

  async list(page: PageRequest): Promise<Page<Queue>> {
    const { items: names, ...next } = await sortKeyPage(this.client, this.table, 'QUEUES', page, 'ascending');
    const items = await batchGet(this.client, this.table, names.map(settingsKey));
    const settings = new Map(items.map((item) => [item.pk, queueIn(item)]));
    return { items: names.flatMap((name) => settings.get(settingsKey(name).pk) ?? []), ...next };
  }

  /** @returns what was written, even if it has been overwritten since */
  private async write(settings: QueueSettings, condition: Condition): Promise<Queue> {
    const version = randomUUID();
    const write = putQueue(this.table, settings, version, condition);
    await retry(() => this.client.send(new TransactWriteCommand(write)));
    const { paused = false, turn } = (await this.get(settings.queue)) ?? {};
    return { ...settings, paused, version, turn };
  }
}

/** The first release had neither a policy for retries nor pauses nor versions. */
const queueIn = ({ settings, paused = false, version, breaker, turn }: Record<string, unknown>): Queue => {
  const stored = settings as QueueSettings;
  return {
    ...queueSettings(stored.queue, stored),
    paused: paused as boolean,
    version: version as string | undefined,
    ...({ breaker, turn } as QueueState),
  };
};

/** A condition on the settings of a queue, and the values that it names. */
interface Condition {
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
}

function asSeen(seen: Queue | undefined): Condition {
  if (!seen) return { ConditionExpression: 'attribute_not_exists(pk)' };
  if (seen.version === undefined)
    return { ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(version)' };
  return { ConditionExpression: 'version = :seen', ExpressionAttributeValues: { ':seen': seen.version } };
}

/** The settings and the entry in the list, both or neither. What else is known of the queue stands beside the settings. */
function putQueue(
  table: string,
  settings: QueueSettings,
  version: string,
  { ExpressionAttributeValues, ...condition }: Condition,
): TransactWriteCommandInput {
  const { queue } = settings;
  return {
    TransactItems: [
      {
        Update: {
          TableName: table,
          Key: settingsKey(queue),
          UpdateExpression: 'SET settings = :settings, version = :version REMOVE breaker',
          ExpressionAttributeValues: { ...ExpressionAttributeValues, ':settings': settings, ':version': version },
          ...condition,
        },
      },
      { Put: { TableName: table, Item: listKey(queue) } },
    ],
  };
}

const pauseQueue = (table: string, queue: string, paused: boolean): UpdateCommandInput => ({
  TableName: table,
  Key: settingsKey(queue),
  UpdateExpression: 'SET paused = :paused',
  ConditionExpression: 'attribute_exists(pk)',
  ExpressionAttributeValues: { ':paused': paused },
  ReturnValues: 'ALL_NEW',
});

/**
 * A change of what is known, if it still is as it was seen.
 *
 *     A:  sees a probe that is due ─ holds it if it is as seen ─ calls
 *     B:  sees a probe that is due ────────── holds it if it is as seen ─ refused
 */
function changeMemory(
  table: string,
  queue: string,
  name: keyof QueueState,
  seen: object | undefined,
  after: object | undefined,
): UpdateCommandInput {
  const isAsSeen = seen ? '#name = :seen' : 'attribute_not_exists(#name)';
  return {
    TableName: table,
    Key: settingsKey(queue),
    UpdateExpression: after ? 'SET #name = :after' : 'REMOVE #name',
    ConditionExpression: `attribute_exists(pk) AND ${isAsSeen}`,
    ExpressionAttributeNames: { '#name': name },
    ExpressionAttributeValues: { ':seen': seen, ':after': after },
  };
}

const removeQueue = (table: string, queue: string, seen: Queue | undefined): TransactWriteCommandInput => ({
  TransactItems: [
    { Delete: { TableName: table, Key: settingsKey(queue), ...(seen ? asSeenOrGone(seen) : {}) } },
    { Delete: { TableName: table, Key: listKey(queue) } },
  ],
});

function asSeenOrGone(seen: Queue): Condition {
  const { ConditionExpression, ...values } = asSeen(seen);
  return { ConditionExpression: `attribute_not_exists(pk) OR (${ConditionExpression})`, ...values };
}

/** Whether a queue was not what the condition asks for. */
const isOtherwise = (error: unknown): boolean =>
  error instanceof TransactionCanceledException &&
  (error.CancellationReasons ?? []).some(({ Code }) => Code === 'ConditionalCheckFailed');
