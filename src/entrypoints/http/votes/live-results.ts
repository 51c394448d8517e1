import type { ReadResults, Results } from '../../../domain/votes/read-results.ts';

/** At most five states a second reach a viewer: the one with which it begins, and four changes. */
const INTERVAL_MS = 250;

type Viewer = (results: Results) => void;

interface Watch {
  readonly viewers: Set<Viewer>;
  timer: NodeJS.Timeout | undefined;
  last: Results | undefined;
}

/** Names a state of the results: the same while neither the tally nor the status changes. */
export const versionOf = ({ createdAt, revision, status }: Results): string =>
  `${createdAt.toString(36)}-${revision ?? 'hidden'}-${status}`;

/**
 * Shows results as they change. Each poll with viewers is read every 250 ms, once for all of its viewers: the cost
 * does not depend on their number, and it does not matter which process counted the votes.
 */
export class LiveResults {
  private readonly watches = new Map<string, Watch>();

  constructor(private readonly readResults: Pick<ReadResults, 'execute'>) {}

  /**
   * Calls the viewer with each new state of a poll, newer ones only.
   *
   * @returns a function that ends it
   */
  watch(pollId: string, viewer: Viewer): () => void {
    const watch = this.watches.get(pollId) ?? this.begin(pollId);
    if (watch.last) viewer(watch.last);
    watch.viewers.add(viewer);
    return () => {
      watch.viewers.delete(viewer);
      if (watch.viewers.size > 0 || this.watches.get(pollId) !== watch) return;
      clearTimeout(watch.timer);
      this.watches.delete(pollId);
    };
  }

  private begin(pollId: string): Watch {
    const watch: Watch = { viewers: new Set(), timer: undefined, last: undefined };
    this.watches.set(pollId, watch);
    void this.look(pollId, watch);
    return watch;
  }

  private async look(pollId: string, watch: Watch): Promise<void> {
    // A store that cannot answer leaves viewers with the state they have, whose age they can see.
    const results = await this.readResults.execute(pollId).catch(() => undefined);
    if (results && isNews(results, watch.last)) {
      watch.last = results;
      for (const viewer of watch.viewers) viewer(results);
    }
    if (watch.viewers.size > 0) watch.timer = setTimeout(() => void this.look(pollId, watch), INTERVAL_MS);
  }
}

const isNews = (results: Results, last: Results | undefined): boolean =>
  !last || (versionOf(results) !== versionOf(last) && (results.revision ?? 0) >= (last.revision ?? 0));
