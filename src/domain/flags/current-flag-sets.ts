import type { FlagStore } from '../../ports/flags.ts';
import type { Clock } from '../../ports/system.ts';
import { DomainError } from '../shared/domain-error.ts';
import type { AdvanceFlagSet } from './advance-flag-set.ts';
import { flagSetNotFound } from './errors.ts';
import { type FlagSet, nextInstant } from './flag-set.ts';

/** A set, and how far it can be relied on. */
export interface CurrentFlagSet {
  readonly set: FlagSet;
  /** When it was last known to be the newest, epoch ms. */
  readonly asOf: number;
  /** The store has not answered since. */
  readonly stale: boolean;
}

interface Known extends CurrentFlagSet {
  /** When a rule turns by itself, epoch ms. */
  readonly nextInstant: number;
}

/** How long a set is taken for the newest, ms. */
const FRESH_MS = 250;
/** How many sets are kept; those that were used last. */
const MAX_SETS = 200;

/**
 * Flag sets for those who evaluate, kept in the process: however many ask, the store is asked for the number of a set's
 * revision every 250 ms, and for its flags when that has changed. While the store is away, the last one serves.
 */
export class CurrentFlagSets {
  private readonly known = new Map<string, Known>();
  private readonly underWay = new Map<string, Promise<CurrentFlagSet>>();

  constructor(
    private readonly store: FlagStore,
    private readonly advance: AdvanceFlagSet,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns never an earlier revision than before
   * @throws DomainError `FLAGS_SET_NOT_FOUND`; `STORE_UNAVAILABLE` where there is none that could serve
   */
  async read(setId: string): Promise<CurrentFlagSet> {
    const known = this.known.get(setId);
    if (known && this.isFresh(known)) return known;
    const refreshed = this.underWay.get(setId) ?? this.refresh(setId);
    // While the store is away, nobody waits for it.
    if (!known?.stale) return refreshed;
    refreshed.catch(() => undefined);
    return known;
  }

  /** Takes over a set that this process has changed. */
  learn(set: FlagSet): void {
    const known = this.known.get(set.setId);
    if (!known || known.set.revision < set.revision) this.keep(set);
  }

  /** Lets go of a set that this process has deleted. */
  forget(setId: string): void {
    this.known.delete(setId);
  }

  private isFresh({ asOf, nextInstant, stale }: Known): boolean {
    if (stale) return false;
    try {
      const now = this.clock.now();
      return now - asOf < FRESH_MS && now >= asOf && now < nextInstant;
    } catch {
      // The store must be asked before its time is known again.
      return false;
    }
  }

  private refresh(setId: string): Promise<CurrentFlagSet> {
    const refreshed = this.readStore(setId)
      .catch((error) => this.fallBack(setId, error))
      .finally(() => this.underWay.delete(setId));
    this.underWay.set(setId, refreshed);
    return refreshed;
  }

  private async readStore(setId: string): Promise<CurrentFlagSet> {
    const known = this.known.get(setId)?.set;
    const revision = known && (await this.store.revision(setId));
    const isNewest = known && revision !== undefined && revision <= known.revision;
    const read = isNewest ? known : await this.store.get(setId);
    const set = read && (await this.advance.execute(read));
    if (set) return this.keep(set);
    this.known.delete(setId);
    throw flagSetNotFound(setId);
  }

  private fallBack(setId: string, error: unknown): CurrentFlagSet {
    const known = this.known.get(setId);
    if (!known || !(error instanceof DomainError) || error.code !== 'STORE_UNAVAILABLE') throw error;
    const stale = { ...known, stale: true };
    this.known.set(setId, stale);
    return stale;
  }

  private keep(set: FlagSet): CurrentFlagSet {
    const before = this.known.get(set.setId)?.set;
    // A change of this process may have been learned while the store was read.
    const newest = before && before.revision > set.revision ? before : set;
    const current = { set: newest, asOf: this.clock.now(), stale: false, nextInstant: nextInstant(newest) };
    this.known.delete(set.setId);
    this.known.set(set.setId, current);
    if (this.known.size > MAX_SETS) this.known.delete(this.known.keys().next().value as string);
    return current;
  }
}
