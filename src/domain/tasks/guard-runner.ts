import type { Clock, Random } from '../../ports/system.ts';
import type { QueueStore, RunOutcome } from '../../ports/tasks.ts';
import { afterCall, afterFailedProbe, isAnswer, isGatewayError, probing } from './breaker.ts';
import type { Breaker, Queue } from './queue.ts';

/** A queue by whose breaker a call was begun. */
export type Guarded = Pick<Queue, 'queue' | 'breaker'>;

/**
 * Keeps the fleet from calling a service that is away. Its breaker stands beside the settings of the queue, which a
 * worker reads before every look, and is changed only if it still is as it was read:
 *
 *     A:  reads: open, due ─ holds the probe ─ claims one task ─ calls ─ closes the breaker
 *     B:  reads: open, due ────── holds it? changed, so no ─ rests ─────────── reads: closed
 *     C:                   reads: open, not due ─ rests
 *
 * Should A die meanwhile, the probe is due again once its call would have ended.
 */
export class GuardRunner {
  /** Gateway errors in a row, by queue. */
  private readonly gatewayErrors = new Map<string, number>();

  constructor(
    private readonly queues: Pick<QueueStore, 'remember'>,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** How long nobody may call the service, ms. */
  restMs({ breaker }: Guarded): number {
    return breaker ? Math.max(0, breaker.probeAt - this.clock.now()) : 0;
  }

  /**
   * Admits one caller of the fleet to a service that is away.
   *
   * @param callMs how long the call may take
   * @returns the breaker to name when the call has ended; undefined if somebody else was faster
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async holdProbe(queue: string, breaker: Breaker, callMs: number): Promise<Breaker | undefined> {
    const held = probing(breaker, callMs, this.clock.now());
    return (await this.queues.remember(queue, 'breaker', breaker, held)) ? held : undefined;
  }

  /** There was no task to probe with, which is no reason to look for one all the time. @throws DomainError `STORE_UNAVAILABLE` */
  async hadNoTask(queue: string, probe: Breaker): Promise<void> {
    await this.queues.remember(queue, 'breaker', probe, afterFailedProbe(probe, this.clock.now(), this.random.next()));
  }

  /**
   * Opens or closes the breaker by what came of a call.
   *
   * @param guarded with the breaker as it was last read, or the probe that was held
   * @returns the breaker as it is now, as far as this process knows
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async heard({ queue, breaker }: Guarded, outcome: RunOutcome, isProbe: boolean): Promise<Breaker | undefined> {
    const gatewayErrors = breaker ? 0 : this.count(queue, outcome);
    const after = afterCall({ breaker, isProbe, gatewayErrors }, outcome, this.clock.now(), this.random.next());
    if (after === breaker) return breaker;
    this.gatewayErrors.delete(queue);
    return (await this.queues.remember(queue, 'breaker', breaker, after)) ? after : breaker;
  }

  private count(queue: string, outcome: RunOutcome): number {
    const asksToWait = outcome.kind === 'retry' && outcome.retryAfterMs !== undefined;
    const errors = this.gatewayErrors.get(queue) ?? 0;
    if (isAnswer(outcome) || asksToWait) this.gatewayErrors.delete(queue);
    else if (isGatewayError(outcome)) this.gatewayErrors.set(queue, errors + 1);
    return this.gatewayErrors.get(queue) ?? 0;
  }
}
