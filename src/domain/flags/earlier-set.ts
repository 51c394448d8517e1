import type { FlagStore } from '../../ports/flags.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { pagesOf } from '../shared/page.ts';
import type { Flag } from './flag.ts';
import type { FlagSet } from './flag-set.ts';

const PAGE = 100;

type Histories = Pick<FlagStore, 'history'>;

/**
 * A set as it was at an earlier revision, by its history.
 *
 * @throws DomainError `STORE_UNAVAILABLE`, also where the history ends before that revision
 */
export async function earlierSet(store: Histories, set: FlagSet, revision: number): Promise<FlagSet> {
  const flags = new Map(set.flags);
  const { were, updatedAt } = await changedSince(store, set, revision);
  for (const [key, flag] of were)
    if (flag) flags.set(key, flag);
    else flags.delete(key);
  return { ...set, revision, updatedAt, flags };
}

/**
 * What the flags were at an earlier revision that were changed after it, and up to that of the set; and when it was made.
 *
 * @throws DomainError `STORE_UNAVAILABLE`, also where the history ends before that revision
 */
export async function changedSince(
  store: Histories,
  { setId, createdAt, revision: last }: FlagSet,
  first: number,
): Promise<{ readonly were: ReadonlyMap<string, Flag | undefined>; readonly updatedAt: number }> {
  const were = new Map<string, Flag | undefined>();
  const pages = pagesOf((cursor) => store.history(setId, { limit: PAGE, ...(cursor && { cursor }) }));
  for await (const entries of pages)
    for (const { revision, at, key, before } of entries) {
      if (revision <= first) return { were, updatedAt: at };
      if (revision <= last && key !== null) were.set(key, before);
    }
  if (first === 0) return { were, updatedAt: createdAt };
  throw storeUnavailable(new Error(`the history of the flag set ends before revision ${first}`));
}
