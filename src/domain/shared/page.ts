import { invalidRequest } from './domain-error.ts';

export interface PageRequest {
  /** The most items to return, 1–100. */
  readonly limit: number;
  /** The `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Given while there is more: {@link cursorBehind} the sort key of the last item. */
  readonly nextCursor?: string;
}

/** What cursors look like. Each of this form is a position in every list. */
export const CURSOR_PATTERN = /^after:[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;

/**
 * The cursor of the page that begins behind an item. The item may be gone by the time the page is read.
 *
 * @param sortKey by which the list is sorted: letters, digits, `.`, `_`, `-`, and `#`, which would end a URL
 */
export const cursorBehind = (sortKey: string): string => `after:${sortKey.replaceAll('#', '~')}`;

/**
 * A page of items that were read with one more than it may have, which tells whether there is another page.
 *
 * @param read at most `limit + 1` items, in order
 */
export function pageFrom<Item>(read: readonly Item[], limit: number, sortKeyOf: (item: Item) => string): Page<Item> {
  const items = read.slice(0, limit);
  const last = items.at(-1);
  return read.length > limit && last !== undefined ? { items, nextCursor: cursorBehind(sortKeyOf(last)) } : { items };
}

/**
 * The sort key behind which a page begins.
 *
 * @throws DomainError `INVALID_REQUEST` for a text that is no cursor
 */
export function sortKeyIn(cursor: string): string {
  if (!CURSOR_PATTERN.test(cursor)) throw invalidRequest({ path: 'cursor', message: 'is not a nextCursor' });
  return cursor.slice('after:'.length).replaceAll('~', '#');
}

/**
 * The pages of a list from its beginning to its end, each read when the one before is done with.
 *
 * @param read gives the page behind a cursor
 */
export async function* pagesOf<Item>(
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<readonly Item[]> {
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await read(cursor);
    yield items;
    cursor = nextCursor;
  } while (cursor !== undefined);
}
