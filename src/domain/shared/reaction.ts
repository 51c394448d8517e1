/** Work that follows from a change, to be done after it. */
export interface Effect {
  /** Made of the change alone, so that a change that is read again has the same effect; it determines all the rest. */
  readonly id: string;
  readonly queue: string;
  /** A JSON value. */
  readonly payload: unknown;
  readonly delaySeconds: number;
  /** From the end of the delay on. What is not done by then has failed. */
  readonly expiresInSeconds: number;
}

/** What follows from a change. A pure function: changes come again, in other batches and after a restart. */
export type Reaction<Change> = (change: Change) => readonly Effect[];

/** After the last moment at which an effect may begin, time for its receiver to come back, s. */
export const OUTAGE_SECONDS = 3 * 86_400;
