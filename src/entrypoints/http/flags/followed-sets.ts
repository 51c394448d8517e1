import type { CurrentFlagSet, CurrentFlagSets } from '../../../domain/flags/current-flag-sets.ts';
import { DomainError } from '../../../domain/shared/domain-error.ts';

/** How often it is looked whether there is something new, ms; the store is asked as seldom as `CurrentFlagSets` says. */
const INTERVAL_MS = 25;
/** How many are told before others have a turn. */
const SLICE = 500;
/** Fewer than are kept in the process, or each of them would be read as a whole again and again. */
const MAX_SETS = 150;
const RETRY_AFTER_SECONDS = 10;

export interface Follower {
  /** There is another revision, or the store went away or came back. */
  news(current: CurrentFlagSet): void;
  /** The set was deleted. */
  gone(): void;
}

interface Followed {
  readonly followers: Set<Follower>;
  latest: CurrentFlagSet;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Tells followers of flag sets when these change: each set is looked at once for all who follow it, so that the cost does not
 * depend on their number, and it does not matter which process made the change.
 */
export class FollowedSets {
  private readonly sets = new Map<string, Followed>();

  constructor(
    private readonly current: CurrentFlagSets,
    private readonly maxSets = MAX_SETS,
  ) {}

  /**
   * Follows a set from what it is now.
   *
   * @returns what it is now, and what ends it
   * @throws DomainError `FLAGS_SET_NOT_FOUND`, `STORE_UNAVAILABLE`, `TOO_MANY_REQUESTS` where too many sets are followed
   */
  async follow(setId: string, follower: Follower): Promise<{ now: CurrentFlagSet; stop: () => void }> {
    const now = await this.current.read(setId);
    const followed = this.sets.get(setId) ?? this.begin(setId, now);
    followed.followers.add(follower);
    const stop = (): void => {
      followed.followers.delete(follower);
      if (followed.followers.size > 0 || this.sets.get(setId) !== followed) return;
      clearTimeout(followed.timer);
      this.sets.delete(setId);
    };
    return { now, stop };
  }

  /** As it is known at this moment; undefined for what nobody follows. */
  latest(setId: string): CurrentFlagSet | undefined {
    return this.sets.get(setId)?.latest;
  }

  private begin(setId: string, latest: CurrentFlagSet): Followed {
    if (this.sets.size >= this.maxSets)
      throw new DomainError('TOO_MANY_REQUESTS', 'Too many flag sets are followed here. Poll this one instead.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    const followed: Followed = { followers: new Set(), latest, timer: undefined };
    this.sets.set(setId, followed);
    this.lookLater(setId, followed);
    return followed;
  }

  private lookLater(setId: string, followed: Followed): void {
    followed.timer = setTimeout(async () => {
      await this.look(setId, followed);
      if (this.sets.get(setId) === followed) this.lookLater(setId, followed);
    }, INTERVAL_MS);
  }

  private async look(setId: string, followed: Followed): Promise<void> {
    const before = followed.latest;
    try {
      followed.latest = await this.current.read(setId, before.set.revision);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'FLAGS_SET_NOT_FOUND') {
        this.sets.delete(setId);
        return tell(followed.followers, (follower) => follower.gone());
      }
      followed.latest = { ...before, stale: true };
    }
    const { set, stale } = followed.latest;
    if (set.revision === before.set.revision && stale === before.stale) return;
    await tell(followed.followers, (follower) => follower.news(followed.latest));
  }
}

async function tell(followers: ReadonlySet<Follower>, say: (follower: Follower) => void): Promise<void> {
  let told = 0;
  for (const follower of [...followers]) {
    if (followers.has(follower)) say(follower);
    if (++told % SLICE === 0) await new Promise(setImmediate);
  }
}
