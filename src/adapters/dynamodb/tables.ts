import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';

export type TableDefinition = Omit<CreateTableCommandInput, 'BillingMode'> & {
  /** The attribute, epoch s, after which DynamoDB deletes an item. */
  readonly ttlAttribute?: string;
};

/** A table whose items have one string key. */
export const tableWithKey = (name: string, key: string): TableDefinition => ({
  TableName: name,
  AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
  KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
});

/** A table whose items have a string partition key `pk` and a string sort key `sk`. */
export const tableWithSortKey = (name: string): TableDefinition => ({
  TableName: name,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
});

/** Creates the tables that are not there yet, paid by request, and waits until all can be used. May be repeated. */
export async function createTables(client: DynamoDBClient, definitions: readonly TableDefinition[]): Promise<void> {
  await Promise.all(
    definitions.map(async ({ ttlAttribute, ...definition }) => {
      await client.send(new CreateTableCommand({ ...definition, BillingMode: 'PAY_PER_REQUEST' })).catch((error) => {
        if (!(error instanceof ResourceInUseException)) throw error;
      });
      const { TableName } = definition;
      await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 0.2, maxDelay: 2 }, { TableName });
      if (ttlAttribute !== undefined && !(await hasTtl(client, TableName)))
        await client.send(
          new UpdateTimeToLiveCommand({
            TableName,
            TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
          }),
        );
    }),
  );
}

async function hasTtl(client: DynamoDBClient, TableName: string | undefined): Promise<boolean> {
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
  return TimeToLiveDescription?.TimeToLiveStatus !== 'DISABLED';
}
