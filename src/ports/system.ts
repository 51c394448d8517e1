export interface Clock {
  /** The present time, epoch ms. */
  now(): number;
}

export interface Ids {
  /** A new ULID. Ids of one process made in one millisecond sort in the order in which they were made. */
  next(): string;
}

export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number;
}

/**
 * Changes of a store, delivered to one handler at least once and in batches: a batch may come again, whole or in part,
 * after newer ones, or after a restart. A batch whose handler fails is delivered again until it succeeds.
 */
export interface ChangeFeed<Change> {
  /** Begins to deliver. Batches are handed over one after the other. */
  start(handle: (changes: readonly Change[]) => Promise<void>): void;
  /** Ends delivery and resolves when no handler is running any more. */
  stop(): Promise<void>;
}
