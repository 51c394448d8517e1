import type { FlagStore } from '../../ports/flags.ts';
import type { Clock } from '../../ports/system.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { assertFits, assertValid } from './check-flag.ts';
import type { CurrentFlagSets } from './current-flag-sets.ts';
import { changedSince } from './earlier-set.ts';
import { flagNotFound } from './errors.ts';
import { existingSet } from './existing-set.ts';
import type { Flag, FlagDefinition } from './flag.ts';
import { applied, assertReached, changesBack, type FlagChange, type FlagSet, nextRevision } from './flag-set.ts';

/** Who changes a set, why, and what must hold of it. */
export interface ChangeOrder {
  readonly setId: string;
  /** Name of a key, or the subject of a token. */
  readonly by: string;
  readonly reason?: string | undefined;
  readonly precondition?: Precondition<FlagSet> | undefined;
}

/** A set after a change, and what the change was. */
export interface ChangedSet {
  readonly set: FlagSet;
  readonly changes: readonly FlagChange[];
}

/** Each change makes one revision, whether or not it changes anything. */
export class ChangeFlags {
  constructor(
    private readonly store: FlagStore,
    private readonly current: CurrentFlagSets,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws DomainError `INVALID_REQUEST` with the path of each mistake, `FLAGS_CYCLE`, `FLAGS_SET_FULL`,
   * `FLAGS_SET_NOT_FOUND`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
   */
  async put(order: ChangeOrder, key: string, definition: FlagDefinition): Promise<ChangedSet> {
    const after: Flag = { key, ...definition };
    assertValid(after);
    return this.change(order, (set) => {
      assertFits(after, set.flags);
      return [{ key, before: set.flags.get(key), after }];
    });
  }

  /** @throws DomainError `FLAGS_NOT_FOUND`, `FLAGS_SET_NOT_FOUND`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE` */
  async delete(order: ChangeOrder, key: string): Promise<ChangedSet> {
    return this.change(order, (set) => {
      const before = set.flags.get(key);
      if (!before) throw flagNotFound(set.setId, key);
      return [{ key, before, after: undefined }];
    });
  }

  /**
   * Makes all flags again what they were.
   *
   * @throws DomainError `FLAGS_REVISION_NOT_FOUND`, `FLAGS_REVERT_TOO_LARGE`, `FLAGS_SET_NOT_FOUND`, `PRECONDITION_FAILED`,
   * `STORE_UNAVAILABLE`
   */
  async revert(order: ChangeOrder, to: number): Promise<ChangedSet> {
    // A history may be long: after a lost race, what is known of it is not read again.
    let were: ReadonlyMap<string, Flag | undefined> = new Map();
    let readUpTo = to;
    return this.change(order, async (set) => {
      assertReached(set, to);
      const read = await changedSince(this.store, set, readUpTo);
      were = new Map([...read.were, ...were]);
      readUpTo = set.revision;
      return changesBack(set, were);
    });
  }

  private change(
    { setId, by, reason, precondition = () => true }: ChangeOrder,
    changesOf: (set: FlagSet) => readonly FlagChange[] | Promise<readonly FlagChange[]>,
  ): Promise<ChangedSet> {
    return changeIf(
      precondition,
      () => existingSet(this.store, setId),
      async (seen) => {
        const set = seen as FlagSet;
        const changes = await changesOf(set);
        const revision = nextRevision(set, { by, reason, changes, now: this.clock.now() });
        const changed = applied(set, revision);
        if (!(await this.store.commit(set, revision))) return undefined;
        this.current.learn(changed);
        return { set: changed, changes };
      },
    );
  }
}
