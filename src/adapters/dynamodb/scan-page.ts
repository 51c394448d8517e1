import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { cursorBehind, type Page, type PageRequest, sortKeyIn } from '../../domain/shared/page.ts';
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
  const items = (Items as Item[]).slice(0, limit);
  const last = items.at(-1);
  return Items.length > limit && last ? { items, nextCursor: cursorBehind(String(last[key])) } : { items };
}
