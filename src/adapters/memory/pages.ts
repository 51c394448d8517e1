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

/**
 * A page of a list in the order of its keys. The item at which a page ended may be gone when the next one is read.
 *
 * @param keyOf tells an item from all others
 * @param form what keys look like
 * @throws DomainError `INVALID_REQUEST` for a cursor that holds no key of this form
 */
export function pageByKey<Item>(
  list: Iterable<Item>,
  keyOf: (item: Item) => string,
  form: RegExp,
  { limit, cursor }: PageRequest,
): Page<Item> {
  const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString();
  if (cursor !== undefined && !form.test(after)) throw invalidCursor();
  const rest = [...list].filter((item) => keyOf(item) > after);
  rest.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return pageOf(rest, keyOf, { limit });
}
