import type { FlagStore } from '../../ports/flags.ts';
import { flagSetNotFound } from './errors.ts';
import type { FlagSet } from './flag-set.ts';

/** @throws DomainError `FLAGS_SET_NOT_FOUND`, `STORE_UNAVAILABLE` */
export async function existingSet(store: Pick<FlagStore, 'get'>, setId: string): Promise<FlagSet> {
  const set = await store.get(setId);
  if (!set) throw flagSetNotFound(setId);
  return set;
}
