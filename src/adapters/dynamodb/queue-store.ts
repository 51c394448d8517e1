import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { ID_PATTERN } from '../../domain/shared/id-pattern.ts';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import type { QueueSettings } from '../../domain/tasks/queue.ts';
import type { QueueStore } from '../../ports/tasks.ts';
import { batchGet } from './batch-get.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { throwStoreError } from './errors.ts';
import { retry } from './retry.ts';

const settingsKey = (queue: string) => ({ pk: `QUEUE#${queue}`, sk: 'SETTINGS' });
/** Entry in the list of all queues, sorted by name. */
const listKey = (queue: string) => ({ pk: 'QUEUES', sk: queue });

export class DynamoDbQueueStore implements QueueStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async get(queue: string): Promise<QueueSettings | undefined> {
    const command = new GetCommand({ TableName: this.table, Key: settingsKey(queue), ConsistentRead: true });
    const { Item } = await this.client.send(command).catch(throwStoreError);
    return Item?.settings as QueueSettings | undefined;
  }

  async put(settings: QueueSettings): Promise<void> {
    await retry(() => this.client.send(new TransactWriteCommand(putQueue(this.table, settings, 'always'))));
  }

  async create(settings: QueueSettings): Promise<QueueSettings> {
    try {
      await retry(() => this.client.send(new TransactWriteCommand(putQueue(this.table, settings, 'new'))));
      return settings;
    } catch (error) {
      if (!isThere(error)) throw error;
      return (await this.get(settings.queue)) as QueueSettings;
    }
  }

  async list({ limit, cursor }: PageRequest): Promise<Page<QueueSettings>> {
    const command = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: cursor === undefined ? 'pk = :queues' : 'pk = :queues AND sk > :cursor',
      ExpressionAttributeValues: {
        ':queues': 'QUEUES',
        ...(cursor === undefined ? {} : { ':cursor': readCursor(cursor, ID_PATTERN) }),
      },
      ConsistentRead: true,
      Limit: limit + 1,
    });
    const { Items = [] } = await this.client.send(command).catch(throwStoreError);
    const names = Items.slice(0, limit).map(({ sk }) => sk as string);
    const items = await batchGet(this.client, this.table, names.map(settingsKey));
    const settings = new Map(items.map((item) => [item.pk, item.settings as QueueSettings]));
    const last = names.at(-1);
    return {
      items: names.flatMap((name) => settings.get(settingsKey(name).pk) ?? []),
      nextCursor: Items.length > limit && last !== undefined ? writeCursor(last) : undefined,
    };
  }
}

/** The settings and the entry in the list, both or neither. */
function putQueue(table: string, settings: QueueSettings, when: 'new' | 'always'): TransactWriteCommandInput {
  const isNew = 'attribute_not_exists(pk)';
  const { queue } = settings;
  return {
    TransactItems: [
      {
        Put: {
          TableName: table,
          Item: { ...settingsKey(queue), settings },
          ...(when === 'new' ? { ConditionExpression: isNew } : {}),
        },
      },
      { Put: { TableName: table, Item: listKey(queue) } },
    ],
  };
}

const isThere = (error: unknown): boolean =>
  error instanceof TransactionCanceledException &&
  (error.CancellationReasons ?? []).some(({ Code }) => Code === 'ConditionalCheckFailed');
