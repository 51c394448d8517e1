import { aged, type Results } from '../../../domain/votes/read-results.ts';
import type { Clock } from '../../../ports/system.ts';

/** At most five states a second reach a viewer: the one with which it begins, and four changes. */
const INTERVAL_MS = 250;
/** A count that is final changes by a recount alone. */
const FINAL_INTERVAL_MS = 5_000;

type Viewer = (results: Results) => void;

interface Watch {
  readonly viewers: Set<Viewer>;
  /** Those who have not been shown anything yet. */
  readonly joining: Set<Viewer>;
  timer: NodeJS.Timeout | undefined;
  last: Results | undefined;
}

/** Names a state of the results: the same while neither the tally nor what is said of it changes. */
export const versionOf = ({ createdAt, revision, ballots, status, stale, final }: Results): string =>
  [createdAt.toString(36), revision ?? `hidden${ballots}`, status, stale ? 'stale' : '', final ? 'final' : ''].join(
    '-',
  );

/**
 * Shows results as they change. Each poll with viewers is read every 250 ms, once for all of its viewers: the cost
 * does not depend on their number, and it does not matter which process counted the votes.
 */
export class LiveResults {
  private readonly watches = new Map<string, Watch>();

  /** @param readResults of a poll, as they are when it is called */
  constructor(
    private readonly readResults: (pollId: string) => Promise<Results>,
    private readonly clock: Clock,
  ) {}

  /**
   * Calls the viewer with each new state of a poll, newer ones only. The first comes from a read that began after the
   * viewer joined, so that nobody is shown less than an answer said before.
   *
   * @returns a function that ends it
   */
  watch(pollId: string, viewer: Viewer): () => void {
    const existing = this.watches.get(pollId);
    const watch = existing ?? { viewers: new Set(), joining: new Set(), timer: undefined, last: undefined };
    watch.joining.add(viewer);
    if (!existing) this.watches.set(pollId, watch);
    // After a final state the next read is far away.
    if (!existing || (watch.last?.final && watch.timer)) {
      clearTimeout(watch.timer);
      watch.timer = undefined;
      void this.read(pollId, watch);
    }
    return () => {
      watch.viewers.delete(viewer);
      watch.joining.delete(viewer);
      if (isWatched(watch) || this.watches.get(pollId) !== watch) return;
      clearTimeout(watch.timer);
      this.watches.delete(pollId);
    };
  }

  private async read(pollId: string, watch: Watch): Promise<void> {
    const joined = [...watch.joining];
    // A store that cannot answer leaves viewers with the state they have, which becomes stale.
    const latest = await this.readResults(pollId).catch(() => undefined);
    const results = latest ?? (watch.last && aged(watch.last, this.clock.now()));
    if (results && isNews(results, watch.last)) {
      watch.last = results;
      for (const viewer of watch.viewers) viewer(results);
    }
    if (latest && watch.last)
      for (const viewer of joined)
        if (watch.joining.delete(viewer)) {
          watch.viewers.add(viewer);
          viewer(watch.last);
        }
    if (!isWatched(watch)) return;
    watch.timer = setTimeout(
      () => {
        watch.timer = undefined;
        void this.read(pollId, watch);
      },
      watch.last?.final ? FINAL_INTERVAL_MS : INTERVAL_MS,
    );
  }
}

const isWatched = ({ viewers, joining }: Watch): boolean => viewers.size + joining.size > 0;

const isNews = (results: Results, last: Results | undefined): boolean =>
  !last || (versionOf(results) !== versionOf(last) && (results.revision ?? 0) >= (last.revision ?? 0));
