import type { FlagStore } from '../../ports/flags.ts';
import type { Clock } from '../../ports/system.ts';
import { DomainError, storeUnavailable } from '../shared/domain-error.ts';
import type { AdvanceFlagSet } from './advance-flag-set.ts';
import { flagSetNotFound } from './errors.ts';
import { type FlagSet, nextInstant } from './flag-set.ts';

/** A set, and how far it can be relied on. */
export interface CurrentFlagSet {
  readonly set: FlagSet;
  /** A time at which it was the newest, epoch ms: that at which the store was asked for it. */
  readonly asOf: number;
  /** The store has not answered since. */
  readonly stale: boolean;
}

interface Known extends CurrentFlagSet {
  /** When the store was asked, by the clock of ages. */
  readonly askedAt: number;
  /** When it last failed to answer, by the same clock. */
  readonly failedAt: number;
}

/** How long after the store was asked a set is taken for the newest, ms. */
const FRESH_MS = 250;
/** How long after the store failed to answer nobody waits for it, ms. A function may have been frozen for longer since. */
const AWAY_MS = 30_000;
/** How many sets are kept; those that were used last. */
const MAX_SETS = 200;

/**
 * Flag sets for those who evaluate, kept in the process: however many ask, the store is asked for the number of a set's
 * revision every 250 ms, and for its flags when that has changed. While the store is away, the last one serves.
 */
export class CurrentFlagSets {
  private readonly known = new Map<string, Known>();
  private readonly underWay = new Map<string, Promise<CurrentFlagSet>>();

  /**
   * @param clock of the revisions' times
   * @param ages by which what is known grows old, whatever happens to the other clock
   */
  constructor(
    private readonly store: FlagStore,
    private readonly advance: AdvanceFlagSet,
    private readonly clock: Clock,
    private readonly ages: Clock,
  ) {}

  /**
   * @param atLeast the latest revision that whoever asks knows, perhaps from another process
   * @returns never an earlier revision than before, nor one before `atLeast` where the set has had that
   * @throws DomainError `FLAGS_SET_NOT_FOUND`; `STORE_UNAVAILABLE` where there is none that could serve
   */
  async read(setId: string, atLeast = 0): Promise<CurrentFlagSet> {
    const known = this.known.get(setId);
    const isEnough = known !== undefined && known.set.revision >= atLeast;
    if (isEnough && this.isFresh(known)) return known;
    if (isEnough && known.stale && this.ages.now() - known.failedAt < AWAY_MS) {
      this.refreshed(setId).catch(() => undefined);
      return known;
    }
    return this.readStoreFor(setId, atLeast);
  }

  /** Takes over a set that this process has changed. */
  learn(set: FlagSet): void {
    const known = this.known.get(set.setId);
    // Others may have changed it since, so that it is not known any better than before to be the newest.
    if (known && known.set.revision < set.revision)
      this.known.set(set.setId, { ...known, ...knownAs(set, known.asOf) });
  }

  /** Lets go of a set that this process has deleted. */
  forget(setId: string): void {
    this.known.delete(setId);
  }

  private isFresh({ askedAt, set, stale }: Known): boolean {
    if (stale || this.ages.now() - askedAt >= FRESH_MS) return false;
    try {
      return this.clock.now() < nextInstant(set);
    } catch {
      // The store must be asked before its time is known again.
      return false;
    }
  }

  /**
   * Others may have made it ask the store, before the revision that is wanted was made:
   *
   *     here:       asks the store ──────────────── 41 ─ asks it again ─ 42
   *     elsewhere:            makes 42 ─ answers it
   *     client:                            asks here, and knows 42
   *
   * Where the answer to its own question is earlier, there is no such revision.
   */
  private async readStoreFor(setId: string, atLeast: number): Promise<CurrentFlagSet> {
    const isOwn = !this.underWay.has(setId);
    let read = await this.refreshed(setId);
    if (read.set.revision < atLeast && !isOwn && !read.stale) read = await this.refreshed(setId);
    if (read.set.revision < atLeast && read.stale)
      throw storeUnavailable(new Error(`revision ${atLeast} of the flag set is known to others, and cannot be read`));
    return read;
  }

  private refreshed(setId: string): Promise<CurrentFlagSet> {
    return this.underWay.get(setId) ?? this.refresh(setId);
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
    const askedAt = this.ages.now();
    const asOf = await this.timeBefore(setId);
    const revision = known && (await this.store.revision(setId));
    const isNewest = known && revision !== undefined && revision <= known.revision;
    const read = isNewest ? known : await this.store.get(setId);
    // What was read serves also where no revision can be made of it.
    if (read) this.keep(read, asOf, askedAt);
    const set = read && (await this.advance.execute(read));
    if (set) return this.keep(set, asOf, askedAt);
    this.known.delete(setId);
    throw flagSetNotFound(setId);
  }

  /** The store's time, which its first answer tells. */
  private async timeBefore(setId: string): Promise<number> {
    try {
      return this.clock.now();
    } catch {
      await this.store.revision(setId);
      return this.clock.now();
    }
  }

  private fallBack(setId: string, error: unknown): CurrentFlagSet {
    const known = this.known.get(setId);
    if (!known || !(error instanceof DomainError) || error.code !== 'STORE_UNAVAILABLE') throw error;
    const stale = { ...known, stale: true, failedAt: this.ages.now() };
    this.known.set(setId, stale);
    return stale;
  }

  private keep(set: FlagSet, asOf: number, askedAt: number): CurrentFlagSet {
    const before = this.known.get(set.setId)?.set;
    // A change of this process may have been learned while the store was read.
    const newest = before && before.revision > set.revision ? before : set;
    const current = { ...knownAs(newest, asOf), stale: false, askedAt, failedAt: Number.NEGATIVE_INFINITY };
    this.known.delete(set.setId);
    this.known.set(set.setId, current);
    if (this.known.size > MAX_SETS) this.known.delete(this.known.keys().next().value as string);
    return current;
  }
}

/** No set was the newest before it was made. */
const knownAs = (set: FlagSet, asOf: number) => ({ set, asOf: Math.max(asOf, set.updatedAt) });
