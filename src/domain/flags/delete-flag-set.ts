import type { FlagStore } from '../../ports/flags.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { existingSet } from './existing-set.ts';
import type { FlagSet } from './flag-set.ts';

export class DeleteFlagSet {
  constructor(private readonly store: FlagStore) {}

  /**
   * @returns the set as it was
   * @throws DomainError `FLAGS_SET_NOT_FOUND`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
   */
  execute(setId: string, precondition: Precondition<FlagSet> = () => true): Promise<FlagSet> {
    return changeIf(
      precondition,
      () => existingSet(this.store, setId),
      async (seen) => {
        const set = seen as FlagSet;
        return (await this.store.delete(setId, set.revision)) ? set : undefined;
      },
    );
  }
}
