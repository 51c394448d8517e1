import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../ports/system.ts';
import type { FleetLease, QueueStore, TaskStore } from '../../ports/tasks.ts';
import type { CallTime } from './queue-worker.ts';
import { TaskWorker, type TaskWorkerParts } from './task-worker.ts';

export interface FleetProcessorParts extends Omit<TaskWorkerParts, 'callTime'> {
  readonly queues: QueueStore;
  readonly tasks: Pick<TaskStore, 'heads'>;
  readonly lease: FleetLease;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Has the processor called again. Never rejects. */
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
const PAGE = 100;

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
   * Works until nothing is left to do, or until a minute before its time is over.
   *
   * @param leftMs tells how long the process may still run
   * @param round how often the processor has called itself before
   * @throws DomainError `STORE_UNAVAILABLE`; the next sweep calls it again
   */
  async run(leftMs: () => number, round: number): Promise<RunEnd> {
    const { lease, logger } = this.parts;
    if (!(await lease.hold(LEASE_MS))) return 'busy elsewhere';
    try {
      await this.work(leftMs);
    } finally {
      await lease
        .release()
        .catch((error) => logger.warn({ err: error }, 'the lease of the processor runs out by itself'));
    }
    if (!(await this.hasWork())) return 'drained';
    if (round >= MAX_ROUNDS) {
      logger.warn({ round }, 'the processor has called itself often enough; the next sweep begins again');
      return 'stopped';
    }
    await this.parts.goOn(round + 1);
    return 'goes on';
  }

  private async work(leftMs: () => number): Promise<void> {
    const { lease, logger } = this.parts;
    const callTime: CallTime = { leftMs: () => leftMs() - RECORD_MS, sureMs: leftMs() / 2 };
    const worker = new TaskWorker({ ...this.parts, callTime });
    let heldUntil = performance.now() + LEASE_MS;
    let renewAt = performance.now() + LEASE_MS / 3;
    worker.start();
    try {
      while (leftMs() > RESERVE_MS && performance.now() < heldUntil) {
        await delay(Math.min(LOOK_INTERVAL_MS, leftMs() - RESERVE_MS));
        if (performance.now() > renewAt) {
          const askedAt = performance.now();
          const isHeld = await lease.hold(LEASE_MS).catch((error) => {
            logger.warn({ err: error }, 'renewing the lease of the processor failed; it is tried again');
            return undefined;
          });
          if (isHeld === false) return;
          if (isHeld) [heldUntil, renewAt] = [askedAt + LEASE_MS, askedAt + LEASE_MS / 3];
        }
        if (!worker.isBusy && !(await this.hasWork().catch(() => true))) return;
      }
    } finally {
      await worker.stop(Math.max(0, leftMs() - RECORD_MS));
    }
  }

  /** Whether some queue with a runner has a task that can be claimed now or soon. */
  private async hasWork(): Promise<boolean> {
    const { queues, tasks, clock } = this.parts;
    let cursor: string | undefined;
    do {
      const page = await queues.list({ limit: PAGE, cursor });
      for (const { queue, runner } of page.items)
        if (runner && (await tasks.heads(queue, 'fifo', 1, clock.now() + LINGER_MS)).length > 0) return true;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return false;
  }
}
