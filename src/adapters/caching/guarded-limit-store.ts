import { LimitBusy } from '../../domain/limits/errors.ts';
import { DomainError, storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { KeptState, LimitKey, LimitStore, Taken, TakeRequest } from '../../ports/limits.ts';
import { within } from '../common/deadline.ts';

/** A store that does not answer is not waited for any longer, ms. */
const ANSWER_MS = 250;
/** More calls than these do not wait for a store at once. */
const MAX_WAITING = 5_000;
/** After so many failures in a row the store is left alone for {@link PAUSE_MS}; then one call tries it. */
const MAX_FAILURES = 5;
const PAUSE_MS = 1_000;

/** A store that is silent or away costs few callers the time to find out. */
export class GuardedLimitStore implements LimitStore {
  private waiting = 0;
  private failures = 0;
  private pausedUntil = Number.NEGATIVE_INFINITY;

  /** @param elapsed ms, time asleep included */
  constructor(
    private readonly store: LimitStore,
    private readonly elapsed: () => number,
  ) {}

  take(request: TakeRequest): Promise<Taken> {
    return this.call(() => this.store.take(request));
  }

  read(key: LimitKey): Promise<KeptState> {
    return this.call(() => this.store.read(key));
  }

  reset(key: LimitKey): Promise<void> {
    return this.call(() => this.store.reset(key));
  }

  private async call<T>(work: () => Promise<T>): Promise<T> {
    this.assertOpen();
    this.waiting++;
    try {
      const answer = await within(ANSWER_MS, work());
      if (answer === 'late') throw storeUnavailable(new Error(`no answer in ${ANSWER_MS} ms`));
      this.failures = 0;
      return answer;
    } catch (error) {
      this.note(error);
      throw error;
    } finally {
      this.waiting--;
    }
  }

  private note(error: unknown): void {
    // Tells nothing of the store. If this was the call that tries it, the next one does.
    if (error instanceof LimitBusy) this.pausedUntil = Number.NEGATIVE_INFINITY;
    else if (error instanceof DomainError && error.code !== 'STORE_UNAVAILABLE') this.failures = 0;
    else if (++this.failures >= MAX_FAILURES) this.pausedUntil = this.elapsed() + PAUSE_MS;
  }

  private assertOpen(): void {
    if (this.waiting >= MAX_WAITING) throw storeUnavailable(new Error(`${MAX_WAITING} calls wait for the store`));
    if (this.failures < MAX_FAILURES) return;
    if (this.elapsed() < this.pausedUntil) throw storeUnavailable(new Error('the store failed a moment ago'));
    // The others wait for what this one finds.
    this.pausedUntil = this.elapsed() + PAUSE_MS;
  }
}
