import { setTimeout as delay } from 'node:timers/promises';
import { pause } from '../../adapters/common/pause.ts';
import { concurrently } from '../../domain/shared/concurrently.ts';
import type { Queue, RunnerSettings } from '../../domain/tasks/queue.ts';
import type { FleetLease, TaskStore } from '../../ports/tasks.ts';
import { type CallTime, mayBegin } from './queue-worker.ts';
import { TaskWorker, type TaskWorkerParts } from './task-worker.ts';

export interface FleetProcessorParts extends Omit<TaskWorkerParts, 'callTime'> {
  readonly tasks: Pick<TaskStore, 'listClaimable' | 'nextDueAt'>;
  readonly lease: FleetLease;
  /** Length of the lease, ms: how long a processor that died blocks the others; 30 s unless given. */
  readonly leaseMs?: number;
  /** Invokes the processor again. */
  readonly reinvoke: (round: number) => Promise<void>;
}

/** No claims in the last minute, so that calls can end and their outcomes be recorded. */
const RESERVE_MS = 60_000;
/** Part of the reserve, for recording outcomes alone. */
const RECORD_MS = 10_000;
const LEASE_MS = 30_000;
const POLL_INTERVAL_MS = 1_000;
/** The processor waits for tasks that are due within this time. */
const LINGER_MS = 20_000;
/** The most times in a row that the processor invokes itself; after that the next sweep invokes it. */
export const MAX_ROUNDS = 100;
/** Queues that are read at the same time. */
const QUEUES_AT_ONCE = 10;

/** Why a run of the processor ended. */
export type RunEnd =
  /** Another processor holds the lease. */
  | 'busy elsewhere'
  /** No work was left. */
  | 'drained'
  /** Its time was over and work remained: it has invoked itself. */
  | 'reinvoked'
  /** Its time was over and work remained, but it has reached {@link MAX_ROUNDS}. */
  | 'stopped';

/**
 * The single worker of a fleet of functions, each of which lives for some minutes. A function that is invoked while the
 * lease is held ends at once. The holder queries once more after releasing the lease, for tasks notified of in between.
 *
 *     A:  lease ─ works ─ finds nothing ─────────────── releases the lease ─ queries ─ finds the task ─ reinvokes
 *     B:                              task ─ no lease ─ ends
 */
export class FleetProcessor {
  constructor(private readonly parts: FleetProcessorParts) {}

  /**
   * Works until no work is left for which there is time, or until a minute before its time is over.
   *
   * @param leftMs returns how long the process may still run
   * @param round how often in a row the processor has invoked itself
   * @throws DomainError `STORE_UNAVAILABLE`, and what `reinvoke` throws; the next sweep invokes it again
   */
  async run(leftMs: () => number, round: number): Promise<RunEnd> {
    const { lease, logger, leaseMs = LEASE_MS } = this.parts;
    if (!(await lease.acquire(leaseMs))) return 'busy elsewhere';
    try {
      await this.work(leftMs);
    } finally {
      await lease
        .release()
        .catch((error) => logger.warn({ err: error }, 'releasing the processor lease failed; it will expire'));
    }
    if ((await this.queuesWithWork()).length === 0) return 'drained';
    if (round >= MAX_ROUNDS) {
      logger.warn({ round }, 'processor reached its limit of rounds; the next sweep will invoke it');
      return 'stopped';
    }
    await this.parts.reinvoke(round + 1);
    return 'reinvoked';
  }

  private async work(leftMs: () => number): Promise<void> {
    const callTime: CallTime = { leftMs: () => leftMs() - RECORD_MS, sureMs: leftMs() / 2 };
    const worker = new TaskWorker({ ...this.parts, callTime });
    const ending = new AbortController();
    let isHeld = true;
    const renewing = this.renewLease(ending.signal).then(() => {
      isHeld = false;
    });
    worker.start();
    try {
      while (isHeld && leftMs() > RESERVE_MS) {
        await delay(Math.min(POLL_INTERVAL_MS, leftMs() - RESERVE_MS));
        if (worker.isBusy) continue;
        const waiting = await this.queuesWithWork((runner) => mayBegin(runner, callTime)).catch(() => undefined);
        if (waiting?.length === 0) return;
        // Notifications of these queues may have been lost.
        for (const queue of waiting ?? []) void worker.wake(queue);
      }
    } finally {
      await worker.stop(Math.max(0, leftMs() - RECORD_MS));
      ending.abort();
      await renewing;
    }
  }

  /** Renews the lease until aborted, also while the last calls end. Resolves early when the lease is lost. */
  private async renewLease(end: AbortSignal): Promise<void> {
    const { lease, logger, leaseMs = LEASE_MS } = this.parts;
    let heldUntil = performance.now() + leaseMs;
    let pauseMs = leaseMs / 3;
    while (performance.now() < heldUntil) {
      await pause(pauseMs, end);
      if (end.aborted) return;
      const askedAt = performance.now();
      const isHeld = await lease.acquire(leaseMs).catch((error) => {
        logger.warn({ err: error }, 'renewing the processor lease failed; retrying');
        return undefined;
      });
      if (isHeld === false) return;
      pauseMs = isHeld ? leaseMs / 3 : POLL_INTERVAL_MS;
      if (isHeld) heldUntil = askedAt + leaseMs;
    }
  }

  /** Queues with a suitable runner and a task that is claimable now or soon. */
  private async queuesWithWork(
    isSuitable: (runner: RunnerSettings) => boolean = () => true,
  ): Promise<readonly string[]> {
    const { active, queues, tasks, clock } = this.parts;
    const { marks } = await active.list();
    const found = await concurrently(QUEUES_AT_ONCE, [...marks.keys()], async (name) => {
      const queue = await queues.get(name);
      if (!queue?.runner || !isSuitable(queue.runner) || !this.mayClaim(queue)) return [];
      return (await tasks.listClaimable(name, 'fifo', 1, clock.now() + LINGER_MS)).length > 0 ? [name] : [];
    });
    return found.flat();
  }

  /** Whether tasks of a queue may be claimed now or soon; a later probe is left to the next sweep. */
  private mayClaim(queue: Queue): boolean {
    return !queue.paused && this.parts.guardRunner.pauseMs(queue) < LINGER_MS;
  }
}
