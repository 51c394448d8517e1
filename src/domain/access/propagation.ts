/** How a change of policies reaches the processes that judge by them. */
export interface Propagation {
  /** From the moment before a change is written until it is in force everywhere, ms, if the write takes no longer than `writeMs`. */
  readonly leadMs: number;
  readonly writeMs: number;
}

/** In the process that keeps the policies itself, each request is judged by what it holds. */
export const AT_ONCE: Propagation = { leadMs: 0, writeMs: Number.POSITIVE_INFINITY };

/**
 * How long a process may judge by policies after it began to read their version, ms.
 *
 *     change:    clock ── write ── answer                      effectiveBy
 *     process:      begins to read ──── MAX_AGE_MS ────▶ reads again
 *
 * A read that is consistent holds every write that ended before it began. So a write that ends at T is in force in every
 * process that goes on until `T + MAX_AGE_MS`, at the latest; one that stood still reads first when it goes on. Of the 5 s
 * that are promised, 2.1 s are for the write, which a store ends sooner, and 1 s is for the error of the clock that gives
 * the time of the answer. A process that stands still while it writes moves `effectiveBy` by as much. Only durations on one
 * machine are compared.
 */
export const MAX_AGE_MS = 1_900;

/** Where processes share a store. */
export const WITHIN_SECONDS: Propagation = { leadMs: 5_000, writeMs: 2_100 };

/**
 * From when on a change is in force everywhere, epoch ms.
 *
 * @param begun the store's time before it was written, epoch ms
 * @param tookMs how long the write took, time asleep included
 */
export const inForceBy = ({ leadMs, writeMs }: Propagation, begun: number, tookMs: number): number =>
  begun + leadMs + Math.max(0, Math.ceil(tookMs - writeMs));
