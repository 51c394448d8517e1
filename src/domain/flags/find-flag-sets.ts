import type { FlagStore } from '../../ports/flags.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import type { AdvanceFlagSet } from './advance-flag-set.ts';
import { flagSetNotFound } from './errors.ts';
import type { FlagSet, FlagSetSummary, HistoryEntry } from './flag-set.ts';

export class FindFlagSets {
  constructor(
    private readonly store: FlagStore,
    private readonly advance: AdvanceFlagSet,
  ) {}

  /** @throws DomainError `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE` */
  list(page: PageRequest): Promise<Page<FlagSetSummary>> {
    return this.store.list(page);
  }

  /** @throws DomainError `FLAGS_SET_NOT_FOUND`, `STORE_UNAVAILABLE` */
  async byId(setId: string): Promise<FlagSet> {
    const read = await this.store.get(setId);
    const set = read && (await this.advance.execute(read));
    if (!set) throw flagSetNotFound(setId);
    return set;
  }

  /**
   * Newest first.
   *
   * @throws DomainError `FLAGS_SET_NOT_FOUND`, `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE`
   */
  async history(setId: string, page: PageRequest): Promise<Page<HistoryEntry>> {
    const found = await this.store.history(setId, page);
    if (found.items.length === 0 && !(await this.store.get(setId))) throw flagSetNotFound(setId);
    return found;
  }
}
