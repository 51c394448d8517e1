import { type DomainError, invalidRequest } from './domain-error.ts';

export interface PageRequest {
  /** The most items to return, 1–100. */
  readonly limit: number;
  /** The `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Given while there is more. Opaque: only the store that made it can read it. */
  readonly nextCursor?: string;
}

/** The cursor of a request is none that the list has given out. */
export const invalidCursor = (): DomainError => invalidRequest({ path: 'cursor', message: 'is not a nextCursor' });

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
