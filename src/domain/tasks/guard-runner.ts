import type { Clock, Random } from '../../ports/system.ts';
import type { QueueStore, RunOutcome } from '../../ports/tasks.ts';
import { afterCall, afterFailedProbe, isAnswer, isGatewayError, probing } from './breaker.ts';
import type { Breaker, Queue } from './queue.ts';

/** A queue and its breaker when a call began. */
export type GuardedQueue = Pick<Queue, 'queue' | 'breaker'>;

/**
 * Circuit breaker that the fleet shares, so that no process calls a service that is down. It is stored beside the settings
 * of the queue, which a worker reads before every claim, and is changed by compare-and-set:
 *
 *     A:  reads: open, due ─ acquires the probe ─ claims one task ─ calls ─ closes the breaker
 *     B:  reads: open, due ────── acquire? changed, so no ─ rests ─────────── reads: closed
 *     C:                   reads: open, not due ─ rests
 *
 * If A dies meanwhile, the probe is due again once its call would have timed out.
 */
export class GuardRunner {
  /** Gateway errors in a row, by queue. */
  private readonly gatewayErrors = new Map<string, number>();

  constructor(
    private readonly queues: Pick<QueueStore, 'replaceState'>,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** How long no process may call the service, ms. */
  pauseMs({ breaker }: GuardedQueue): number {
    return breaker ? Math.max(0, breaker.probeAt - this.clock.now()) : 0;
  }

  /**
   * Admits one caller of the fleet to a service whose breaker is open.
   *
   * @param callMs how long the call may take
   * @returns the breaker to pass to {@link recordOutcome}; undefined if another process was faster
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async acquireProbe(queue: string, breaker: Breaker, callMs: number): Promise<Breaker | undefined> {
    const held = probing(breaker, callMs, this.clock.now());
    return (await this.queues.replaceState(queue, 'breaker', breaker, held)) ? held : undefined;
  }

  /** Backs off after a probe that found no task to call with. @throws DomainError `STORE_UNAVAILABLE` */
  async failProbe(queue: string, probe: Breaker): Promise<void> {
    await this.queues.replaceState(
      queue,
      'breaker',
      probe,
      afterFailedProbe(probe, this.clock.now(), this.random.next()),
    );
  }

  /**
   * Opens or closes the breaker after a call.
   *
   * @param guarded the breaker as last read, or the probe that was acquired
   * @returns the breaker as it is now, as far as this process knows
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async recordOutcome(
    { queue, breaker }: GuardedQueue,
    outcome: RunOutcome,
    isProbe: boolean,
  ): Promise<Breaker | undefined> {
    const gatewayErrors = breaker ? 0 : this.count(queue, outcome);
    const after = afterCall({ breaker, isProbe, gatewayErrors }, outcome, this.clock.now(), this.random.next());
    if (after === breaker) return breaker;
    this.gatewayErrors.delete(queue);
    return (await this.queues.replaceState(queue, 'breaker', breaker, after)) ? after : breaker;
  }

  private count(queue: string, outcome: RunOutcome): number {
    const asksToWait = outcome.kind === 'retry' && outcome.retryAfterMs !== undefined;
    const errors = this.gatewayErrors.get(queue) ?? 0;
    if (isAnswer(outcome) || asksToWait) this.gatewayErrors.delete(queue);
    else if (isGatewayError(outcome)) this.gatewayErrors.set(queue, errors + 1);
    return this.gatewayErrors.get(queue) ?? 0;
  }
}
