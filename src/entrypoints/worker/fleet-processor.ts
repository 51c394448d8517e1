import { setTimeout as delay } from 'node:timers/promises';
import { concurrently } from '../../domain/shared/concurrently.ts';
import type { Queue, RunnerSettings } from '../../domain/tasks/queue.ts';
import type { FleetLease, TaskStore } from '../../ports/tasks.ts';
import { type CallTime, mayBegin } from './queue-worker.ts';
import { TaskWorker, type TaskWorkerParts } from './task-worker.ts';

export interface FleetProcessorParts extends Omit<TaskWorkerParts, 'callTime'> {
  readonly tasks: Pick<TaskStore, 'listClaimable' | 'nextDueAt'>;
  readonly lease: FleetLease;
  /** How long a processor that died keeps others from working, ms; 30 s unless given. */
  readonly leaseMs?: number;
  /** Has the processor called again. */
  readonly goOn: (round: number) => Promise<void>;
}

/** No more claims so long before the end, so that calls can end and their outcomes be stored. */
const RESERVE_MS = 60_000;
/** Of that, for storing outcomes alone. */
const RECORD_MS = 10_000;
const LEASE_MS = 30_000;
const LOOK_INTERVAL_MS = 1_000;
/** A task that is due so soon is worth waiting for. */
const LINGER_MS = 20_000;
/** The processor does not call itself more often than that in a row; then it is for a sweep to begin again. */
export const MAX_ROUNDS = 100;
/** Queues that are looked at, at the same time. */
const QUEUES_AT_ONCE = 10;

/** Why a run of the processor ended. */
export type RunEnd =
  /** Another one is at work. */
  | 'busy elsewhere'
  /** There was nothing left to do. */
  | 'drained'
  /** Its time was over and tasks remain: it has called itself. */
  | 'goes on'
  /** The same, but it has called itself often enough. */
  | 'stopped';

/**
 * The one worker of a fleet of functions, which live for some minutes only. Whoever is called while it is at work ends
 * at once; it looks once more when it has given its lease back, for those who came in between.
 *
 *     A:  lease ─ works ─ sees nothing ──────────────── gives the lease back ─ looks ─ sees the task ─ calls itself
 *     B:                              task ─ no lease ─ ends
 */
export class FleetProcessor {
  constructor(private readonly parts: FleetProcessorParts) {}

  /**
   * Works until nothing is left to do that it has the time for, or until a minute before its time is over.
   *
   * @param leftMs tells how long the process may still run
   * @param round how often the processor has called itself before
   * @throws DomainError `STORE_UNAVAILABLE`, and what `goOn` throws; the next sweep calls it again
   */
  async run(leftMs: () => number, round: number): Promise<RunEnd> {
    const { lease, logger, leaseMs = LEASE_MS } = this.parts;
    if (!(await lease.hold(leaseMs))) return 'busy elsewhere';
    try {
      await this.work(leftMs);
    } finally {
      await lease
        .release()
        .catch((error) => logger.warn({ err: error }, 'the lease of the processor runs out by itself'));
    }
    if ((await this.queuesWithWork()).length === 0) return 'drained';
    if (round >= MAX_ROUNDS) {
      logger.warn({ round }, 'the processor has called itself often enough; the next sweep begins again');
      return 'stopped';
    }
    await this.parts.goOn(round + 1);
    return 'goes on';
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
        await delay(Math.min(LOOK_INTERVAL_MS, leftMs() - RESERVE_MS));
        if (worker.isBusy) continue;
        const waiting = await this.queuesWithWork((runner) => mayBegin(runner, callTime)).catch(() => undefined);
        if (waiting?.length === 0) return;
        // Their wake-ups may have been lost.
        for (const queue of waiting ?? []) void worker.wake(queue);
      }
    } finally {
      await worker.stop(Math.max(0, leftMs() - RECORD_MS));
      ending.abort();
      await renewing;
    }
  }

  /** Keeps the lease until the signal says so, also while the last calls end. Resolves earlier when it is lost. */
  private async renewLease(end: AbortSignal): Promise<void> {
    const { lease, logger, leaseMs = LEASE_MS } = this.parts;
    let heldUntil = performance.now() + leaseMs;
    let pauseMs = leaseMs / 3;
    while (performance.now() < heldUntil) {
      await delay(pauseMs, undefined, { signal: end }).catch(() => undefined);
      if (end.aborted) return;
      const askedAt = performance.now();
      const isHeld = await lease.hold(leaseMs).catch((error) => {
        logger.warn({ err: error }, 'renewing the lease of the processor failed; it is tried again');
        return undefined;
      });
      if (isHeld === false) return;
      pauseMs = isHeld ? leaseMs / 3 : LOOK_INTERVAL_MS;
      if (isHeld) heldUntil = askedAt + leaseMs;
    }
  }

  /** Queues whose runners are of use and have a task that can be claimed now or soon. */
  private async queuesWithWork(isOfUse: (runner: RunnerSettings) => boolean = () => true): Promise<readonly string[]> {
    const { active, queues, tasks, clock } = this.parts;
    const { marks } = await active.list();
    const found = await concurrently(QUEUES_AT_ONCE, [...marks.keys()], async (name) => {
      const queue = await queues.get(name);
      if (!queue?.runner || !isOfUse(queue.runner) || !this.mayClaim(queue)) return [];
      return (await tasks.listClaimable(name, 'fifo', 1, clock.now() + LINGER_MS)).length > 0 ? [name] : [];
    });
    return found.flat();
  }

  /** Whether tasks of a queue may be claimed now or soon; where a probe is due later, the next sweep calls for it. */
  private mayClaim(queue: Queue): boolean {
    return !queue.paused && this.parts.guardRunner.restMs(queue) < LINGER_MS;
  }
}
