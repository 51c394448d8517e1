import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { VoterKeys } from '../../ports/votes.ts';
import { storeError, throwStoreError } from './errors.ts';

const KEY = { pk: 'VOTER_KEY', sk: 'VOTER_KEY' };

/** One item in the table of votes. */
export class DynamoDbVoterKeys implements VoterKeys {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async putFirst(fingerprint: string): Promise<string> {
    const isFirst = 'attribute_not_exists(pk)';
    const command = new PutCommand({
      TableName: this.table,
      Item: { ...KEY, fingerprint },
      ConditionExpression: isFirst,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    try {
      await this.client.send(command);
      return fingerprint;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException && error.Item)) throw storeError(error);
      return unmarshall(error.Item).fingerprint;
    }
  }

  async replace(fingerprint: string): Promise<void> {
    const command = new PutCommand({ TableName: this.table, Item: { ...KEY, fingerprint } });
    await this.client.send(command).catch(throwStoreError);
  }
}
