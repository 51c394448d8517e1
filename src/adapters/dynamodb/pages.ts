import { type DynamoDBDocumentClient, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';
import { throwStoreError } from './errors.ts';

/**
 * A page of all items of a table that has one string key, in the table's own order, which means nothing.
 *
 * @param key the name of the key
 * @param options of the request, such as its deadline
 * @throws DomainError `STORE_UNAVAILABLE`; `INVALID_REQUEST` for a text that is no cursor
 */
export async function scanPage<Item extends object>(
  client: DynamoDBDocumentClient,
  table: string,
  key: string & keyof Item,
  { limit, cursor }: PageRequest,
  options?: { readonly abortSignal: AbortSignal },
): Promise<Page<Item>> {
  const command = new ScanCommand({
    TableName: table,
    ConsistentRead: true,
    Limit: limit + 1,
    ...(cursor === undefined ? {} : { ExclusiveStartKey: { [key]: sortKeyIn(cursor) } }),
  });
  const { Items = [] } = await client.send(command, options).catch(throwStoreError);
  return pageFrom(Items as Item[], limit, (item) => String(item[key]));
}

/**
 * A page of the sort keys of a partition.
 *
 * @throws DomainError `STORE_UNAVAILABLE`; `INVALID_REQUEST` for a text that is no cursor
 */
export async function sortKeyPage(
  client: DynamoDBDocumentClient,
  table: string,
  pk: string,
  { limit, cursor }: PageRequest,
  order: 'ascending' | 'descending',
): Promise<Page<string>> {
  const isAscending = order === 'ascending';
  const command = new QueryCommand({
    TableName: table,
    KeyConditionExpression: cursor === undefined ? 'pk = :pk' : `pk = :pk AND sk ${isAscending ? '>' : '<'} :cursor`,
    ExpressionAttributeValues: { ':pk': pk, ...(cursor === undefined ? {} : { ':cursor': sortKeyIn(cursor) }) },
    ScanIndexForward: isAscending,
    ConsistentRead: true,
    Limit: limit + 1,
  });
  const { Items = [] } = await client.send(command).catch(throwStoreError);
  return pageFrom(
    Items.map(({ sk }) => sk as string),
    limit,
    (sk) => sk,
  );
}
