import { ProvisionedThroughputExceededException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { concurrently } from '../../domain/shared/concurrently.ts';
import { PARALLEL_REQUESTS } from './parallel-requests.ts';
import { retry } from './retry.ts';

type Key = Readonly<Record<string, string>>;

/** The most keys that DynamoDB takes in one request. */
const BATCH = 100;

/**
 * Reads items consistently, any number of them, in no order. Keys without an item are left out.
 *
 * @throws DomainError `STORE_UNAVAILABLE`
 */
export async function batchGet(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly Key[],
): Promise<Record<string, unknown>[]> {
  const batches = Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, index) =>
    keys.slice(index * BATCH, (index + 1) * BATCH),
  );
  const items = await concurrently(PARALLEL_REQUESTS, batches, (batch) => getBatch(client, table, batch));
  return items.flat();
}

async function getBatch(client: DynamoDBDocumentClient, table: string, batch: readonly Key[]) {
  const items: Record<string, unknown>[] = [];
  let wanted = [...batch];
  await retry(async () => {
    const request = new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } } });
    const { Responses, UnprocessedKeys } = await client.send(request);
    items.push(...(Responses?.[table] ?? []));
    wanted = (UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
    if (wanted.length > 0)
      throw new ProvisionedThroughputExceededException({ message: 'Some keys were not read', $metadata: {} });
  });
  return items;
}
