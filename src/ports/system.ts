import type { Effect } from '../domain/shared/reaction.ts';

/**
 * The time of the store where processes share one, else that of the machine.
 *
 * @throws DomainError `STORE_UNAVAILABLE` until the store's time is known
 */
export interface Clock {
  /** The present time, epoch ms. */
  now(): number;
  /** A lower bound of the store's time, epoch ms: `now()` minus this process's uncertainty about it. */
  earliest(): number;
}

export interface Ids {
  /** A new ULID. Ids of one process made in one millisecond sort in the order in which they were made. */
  next(): string;
  /** An unguessable text: 128 random bits. */
  secret(): string;
}

export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number;
}

/** Compares texts that are not to be kept. */
export interface Digest {
  /** A short text that is the same for the same text, and does not tell it. */
  of(text: string): string;
}

/** Metrics for dashboards and alarms. */
export interface Meter {
  /** Records a value of a metric such as `VoteLag`. */
  record(name: string, value: number, unit: 'Count' | 'Milliseconds'): void;
}

/** Where effects wait until they are done. */
export interface Outbox {
  /**
   * Takes an effect. One that was taken before is not taken again.
   *
   * @throws DomainError `STORE_UNAVAILABLE`, `TASKS_QUEUE_FULL`, `IDEMPOTENCY_KEY_REUSED`
   */
  put(effect: Effect): Promise<void>;
}

/** Handles changes. Its methods must be idempotent. */
export interface ChangeHandler<Change> {
  /** Handles a batch. A batch that fails is delivered again until it succeeds. */
  changes(batch: readonly Change[]): Promise<void>;
  /**
   * Handles a batch that `changes` has handled. Further batches do not wait for it, but it comes again, with all behind it,
   * where the process ends before this does. Never rejects.
   */
  afterChanges?(batch: readonly Change[]): Promise<void>;
  /** Changes may have been lost (a stream keeps them for a day): rebuilds everything from the source. */
  gap(): Promise<void>;
}

/**
 * Changes of a store, delivered at least once and in batches: a batch may come again, whole or in part, after newer
 * ones, or after a restart.
 */
export interface ChangeFeed<Change> {
  /**
   * Begins to deliver, from the oldest change that is kept.
   *
   * @returns resolves, where the feed of a process goes on after its restart, when what was left from before is delivered
   */
  start(handler: ChangeHandler<Change>): Promise<void> | void;
  /** Ends delivery and resolves when the handler is not running any more. */
  stop(): Promise<void>;
}
