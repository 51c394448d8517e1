import type { FlagStore } from '../../ports/flags.ts';
import type { Clock } from '../../ports/system.ts';
import { applied, type FlagSet, nextInstant, nextRevision, SCHEDULE } from './flag-set.ts';

export class AdvanceFlagSet {
  constructor(
    private readonly store: FlagStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Gives a set a new revision where an instant has passed that one of its rules names. Of those who notice, one makes it.
   *
   * @returns the set as it is now; undefined where it was deleted
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async execute(set: FlagSet): Promise<FlagSet | undefined> {
    const now = this.clock.now();
    if (nextInstant(set) > now) return set;
    const revision = nextRevision(set, { by: SCHEDULE, changes: [], now });
    return (await this.store.commit(set, revision)) ? applied(set, revision) : this.store.get(set.setId);
  }
}
