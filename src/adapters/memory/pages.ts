import { invalidCursor, type Page, type PageRequest } from '../../domain/shared/page.ts';

/** A cursor for what comes behind the item with this key. */
export const writeCursor = (key: string): string => Buffer.from(key).toString('base64url');

/**
 * A page of a list that is there as a whole.
 *
 * @param keyOf tells an item from all others
 * @throws DomainError `INVALID_REQUEST` for a cursor that belongs to none of the items
 */
export function pageOf<Item>(
  list: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, cursor }: PageRequest,
): Page<Item> {
  const start = cursor === undefined ? 0 : list.findIndex((item) => writeCursor(keyOf(item)) === cursor) + 1;
  if (cursor !== undefined && start === 0) throw invalidCursor();
  const items = list.slice(start, start + limit);
  const last = items.at(-1);
  return start + limit < list.length && last !== undefined
    ? { items, nextCursor: writeCursor(keyOf(last)) }
    : { items };
}
