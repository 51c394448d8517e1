import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
} from '@aws-sdk/lib-dynamodb';
import type { HostedConnection, Subscriber } from '../../domain/flags/hosted-connection.ts';
import type { ConnectionRegistry } from '../../ports/flags.ts';
import type { Clock } from '../../ports/system.ts';
import { throwStoreError } from './errors.ts';
import { retry } from './retry.ts';

/** API Gateway ends a connection after 2 h. */
const KEPT_MS = 130 * 60_000;

interface ConnectionItem extends HostedConnection {
  readonly pk: string;
  readonly sk: string;
}

interface SubscriptionItem extends ConnectionItem {
  /** JSON: DynamoDB has other numbers. */
  readonly context: string;
  readonly contextId: number;
}

const CONNECTION = 'connection';
const keyOf = (connectionId: string) => ({ pk: `CONNECTION#${connectionId}`, sk: CONNECTION });
const subscriptionKeyOf = ({ setId, connectionId }: Pick<HostedConnection, 'setId' | 'connectionId'>) => ({
  pk: `SUBSCRIBERS#${setId}`,
  sk: connectionId,
});

/**
 * In the table of flags: an item for each connection, by which its messages are known, and one in the partition of its set,
 * by which changes find it. A partition takes 1,000 writes a second: twice as many as API Gateway makes connections.
 */
export class DynamoDbConnectionRegistry implements ConnectionRegistry {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Clock,
  ) {}

  async open({ connectionId, setId, owner }: HostedConnection): Promise<void> {
    await this.put({ ...keyOf(connectionId), connectionId, setId, owner });
  }

  async get(connectionId: string): Promise<HostedConnection | undefined> {
    const item = await this.item<ConnectionItem>(keyOf(connectionId));
    return item && connectionIn(item);
  }

  subscribe({ context, ...subscriber }: Subscriber): Promise<boolean> {
    const { connectionId, setId, owner, contextId } = subscriber;
    const item = { connectionId, setId, owner, contextId, context: JSON.stringify(context) };
    return this.put(
      { ...subscriptionKeyOf(subscriber), ...item },
      {
        ConditionExpression: 'attribute_not_exists(pk) OR contextId <= :contextId',
        ExpressionAttributeValues: { ':contextId': contextId },
      },
    );
  }

  async subscription(connection: HostedConnection): Promise<Subscriber | undefined> {
    const item = await this.item<SubscriptionItem>(subscriptionKeyOf(connection));
    return item && subscriberIn(item);
  }

  async *subscribers(setId: string): AsyncIterable<readonly Subscriber[]> {
    const pages = paginateQuery(
      { client: this.client },
      {
        TableName: this.table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': subscriptionKeyOf({ setId, connectionId: '' }).pk },
        ConsistentRead: true,
      },
    );
    try {
      for await (const { Items = [] } of pages) yield (Items as SubscriptionItem[]).map(subscriberIn);
    } catch (error) {
      throwStoreError(error);
    }
  }

  async close(connection: Pick<HostedConnection, 'connectionId' | 'setId'>): Promise<void> {
    const keys = [keyOf(connection.connectionId), subscriptionKeyOf(connection)];
    await Promise.all(
      keys.map((Key) => retry(() => this.client.send(new DeleteCommand({ TableName: this.table, Key })))),
    );
  }

  private async item<Item>(Key: Record<string, string>): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: this.table, Key, ConsistentRead: true });
    return (await this.client.send(command).catch(throwStoreError)).Item as Item | undefined;
  }

  /** @returns false if the condition refused it */
  private async put(item: ConnectionItem, condition: object = {}): Promise<boolean> {
    const Item = { ...item, ttl: Math.ceil((this.clock.now() + KEPT_MS) / 1_000) };
    return retry(async () => {
      try {
        await this.client.send(new PutCommand({ TableName: this.table, Item, ...condition }));
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    });
  }
}

const connectionIn = ({ connectionId, setId, owner }: ConnectionItem): HostedConnection => ({
  connectionId,
  setId,
  owner,
});

const subscriberIn = (item: SubscriptionItem): Subscriber => ({
  ...connectionIn(item),
  context: JSON.parse(item.context),
  contextId: item.contextId,
});
