import type { FlagStore } from '../../ports/flags.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { flagSetNotFound } from './errors.ts';
import type { FlagSet } from './flag-set.ts';

export class DeleteFlagSet {
  constructor(private readonly store: FlagStore) {}

  /**
   * Deletes a set for good. {@link clear} is to remove what it had.
   *
   * @returns the set as it was
   * @throws DomainError `FLAGS_SET_NOT_FOUND`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
   */
  async execute(setId: string, precondition: Precondition<FlagSet> = () => true): Promise<FlagSet> {
    return changeIf(
      precondition,
      () => this.existing(setId),
      async (seen) => {
        const set = seen as FlagSet;
        return (await this.store.delete(setId, set.revision)) ? set : undefined;
      },
    );
  }

  /**
   * Removes the flags and the history of a set that is deleted. May break off, and goes on when it is called again.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  clear(setId: string): Promise<void> {
    return this.store.clear(setId);
  }

  private async existing(setId: string): Promise<FlagSet> {
    const set = await this.store.get(setId);
    if (set) return set;
    // An earlier try may have broken off after the set was gone.
    await this.clear(setId);
    throw flagSetNotFound(setId);
  }
}
