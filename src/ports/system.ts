/**
 * The time of the store where processes share one, else that of the machine.
 *
 * @throws DomainError `STORE_UNAVAILABLE` until the store has told its time for the first time
 */
export interface Clock {
  /** The present time, epoch ms. */
  now(): number;
  /** A time that is certainly past, epoch ms: `now()` less what this process may be wrong about the store's time. */
  earliest(): number;
}

export interface Ids {
  /** A new ULID. Ids of one process made in one millisecond sort in the order in which they were made. */
  next(): string;
  /** A text that nobody can guess: 128 random bits. */
  secret(): string;
}

export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number;
}

/** Figures that somebody watches or is called out by. */
export interface Meter {
  /** Records a figure under a name such as `VoteLag`. */
  record(name: string, value: number, unit: 'Count' | 'Milliseconds'): void;
}

/** What is done with changes. Both must be safe to repeat. */
export interface ChangeHandler<Change> {
  /** Takes a batch in. One that fails is delivered again until it succeeds. */
  changes(batch: readonly Change[]): Promise<void>;
  /** Changes may have been lost (a stream keeps them for a day); brings everything up from the source. */
  gap(): Promise<void>;
}

/**
 * Changes of a store, delivered at least once and in batches: a batch may come again, whole or in part, after newer
 * ones, or after a restart.
 */
export interface ChangeFeed<Change> {
  /** Begins to deliver, from the oldest change that is kept. */
  start(handler: ChangeHandler<Change>): void;
  /** Ends delivery and resolves when the handler is not running any more. */
  stop(): Promise<void>;
}
