import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { StoredTicket } from '../../domain/flags/ticket.ts';
import type { FlagTicketStore } from '../../ports/flags.ts';
import { throwStoreError } from './errors.ts';

/**
 * Items until DynamoDB deletes them some time after their end. They lie apart from the set that they are for, so that a role
 * may take tickets and cannot delete flags.
 */
export class DynamoDbFlagTickets implements FlagTicketStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async put(ticket: StoredTicket): Promise<void> {
    const Item = { ...this.keyOf(ticket.setId, ticket.digest), ...ticket, ttl: Math.ceil(ticket.endsAt / 1000) };
    await this.client.send(new PutCommand({ TableName: this.table, Item })).catch(throwStoreError);
  }

  async find(setId: string, digest: string): Promise<StoredTicket | undefined> {
    const command = new GetCommand({ TableName: this.table, Key: this.keyOf(setId, digest), ConsistentRead: true });
    const { Item } = await this.client.send(command).catch(throwStoreError);
    return Item && ticketIn(Item);
  }

  async take(setId: string, digest: string): Promise<StoredTicket | undefined> {
    const Key = this.keyOf(setId, digest);
    const command = new DeleteCommand({
      TableName: this.table,
      Key,
      ConditionExpression: 'attribute_exists(pk)',
      ReturnValues: 'ALL_OLD',
    });
    try {
      const { Attributes } = await this.client.send(command);
      return Attributes && ticketIn(Attributes);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      return throwStoreError(error);
    }
  }

  private keyOf(setId: string, digest: string) {
    return { pk: `TICKET#${setId}`, sk: digest };
  }
}

const ticketIn = ({ pk: _, sk: __, ttl: ___, ...ticket }: Record<string, unknown>): StoredTicket =>
  ticket as unknown as StoredTicket;
