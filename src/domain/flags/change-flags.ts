import type { FlagStore } from '../../ports/flags.ts';
import type { Clock } from '../../ports/system.ts';
import { pagesOf } from '../shared/page.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { assertValid } from './check-flag.ts';
import type { CurrentFlagSets } from './current-flag-sets.ts';
import { flagNotFound } from './errors.ts';
import { existingSet } from './existing-set.ts';
import type { Flag, FlagDefinition } from './flag.ts';
import {
  applied,
  assertReached,
  changesBack,
  type FlagChange,
  type FlagSet,
  type HistoryEntry,
  nextRevision,
} from './flag-set.ts';

/** Who changes a set, why, and what must hold of it. */
export interface ChangeOrder {
  readonly setId: string;
  /** Name of a key, or `token`. */
  readonly by: string;
  readonly reason?: string | undefined;
  readonly precondition?: Precondition<FlagSet> | undefined;
}

/** A set after a change, and what the change was. */
export interface ChangedSet {
  readonly set: FlagSet;
  readonly changes: readonly FlagChange[];
}

const PAGE = 100;

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
    return this.change(order, (set) => {
      assertValid(after, set.flags);
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
    return this.change(order, async (set) => {
      assertReached(set, to);
      return changesBack(set, await this.entriesBetween(set, to));
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

  /** What was changed after one revision and up to that of the set. */
  private async entriesBetween({ setId, revision: last }: FlagSet, first: number): Promise<readonly FlagChange[]> {
    const between: FlagChange[] = [];
    const pages = pagesOf((cursor) => this.store.history(setId, { limit: PAGE, ...(cursor && { cursor }) }));
    for await (const entries of pages) {
      between.push(...entries.filter(({ revision }) => revision > first && revision <= last).filter(isOfFlag));
      if (entries.some(({ revision }) => revision <= first)) break;
    }
    return between;
  }
}

const isOfFlag = (entry: HistoryEntry): entry is HistoryEntry & { readonly key: string } => entry.key !== null;
