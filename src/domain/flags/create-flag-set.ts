import type { FlagStore } from '../../ports/flags.ts';
import type { Clock, Ids } from '../../ports/system.ts';
import { flagSetExists } from './errors.ts';
import type { FlagSet } from './flag-set.ts';

export class CreateFlagSet {
  constructor(
    private readonly store: FlagStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @param setId made unless given
   * @throws DomainError `FLAGS_SET_EXISTS`, `STORE_UNAVAILABLE`
   */
  async execute({ setId = this.ids.next(), title }: { setId?: string; title?: string }): Promise<FlagSet> {
    const summary = { setId, title, createdAt: this.clock.now() };
    if (!(await this.store.create(summary))) throw flagSetExists(setId);
    return { ...summary, revision: 0, updatedAt: summary.createdAt, flags: new Map() };
  }
}
