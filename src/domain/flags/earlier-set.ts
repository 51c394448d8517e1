import type { FlagStore } from '../../ports/flags.ts';
import type { FlagSet, HistoryEntry } from './flag-set.ts';

const PAGE = 100;

/**
 * A set as it was at an earlier revision, by its history.
 *
 * @throws DomainError `STORE_UNAVAILABLE`
 */
export async function earlierSet(store: Pick<FlagStore, 'history'>, set: FlagSet, revision: number): Promise<FlagSet> {
  const flags = new Map(set.flags);
  let updatedAt = set.createdAt;
  for await (const entry of entriesOf(store, set.setId)) {
    if (entry.revision > set.revision) continue;
    if (entry.revision <= revision) {
      updatedAt = entry.at;
      break;
    }
    const { key, before } = entry;
    if (key === null) continue;
    if (before) flags.set(key, before);
    else flags.delete(key);
  }
  return { ...set, revision, updatedAt, flags };
}

/** Newest first. */
async function* entriesOf(store: Pick<FlagStore, 'history'>, setId: string): AsyncIterable<HistoryEntry> {
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await store.history(setId, { limit: PAGE, ...(cursor ? { cursor } : {}) });
    yield* items;
    cursor = nextCursor;
  } while (cursor);
}
