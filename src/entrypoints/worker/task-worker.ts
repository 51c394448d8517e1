import { concurrently } from '../../domain/shared/concurrently.ts';
import type { ActiveMark, ActiveQueues, TaskNotifications } from '../../ports/tasks.ts';
import { AsyncEvent } from './async-event.ts';
import { QueueWorker, type QueueWorkerParts } from './queue-worker.ts';

export interface TaskWorkerParts extends QueueWorkerParts {
  readonly active: Pick<ActiveQueues, 'list'>;
  readonly notifications: TaskNotifications;
}

/** How often the list of active queues is read. */
const POLL_INTERVAL_MS = 1_000;
/** Queues whose settings are read at the same time. */
const QUEUES_AT_ONCE = 10;

/** Drains every queue that has a runner. An idle queue has no worker and costs nothing. */
export class TaskWorker {
  private readonly workers = new Map<string, QueueWorker>();
  private known: ReadonlyMap<string, ActiveMark> = new Map();
  /** Queues whose settings could not be read; retried with the next poll. */
  private readonly missed = new Set<string>();
  private readonly stopped = new AsyncEvent();
  private isStopping = false;
  private endListening: (() => void) | undefined;
  private working: Promise<void> | undefined;

  constructor(private readonly parts: TaskWorkerParts) {}

  start(): void {
    this.endListening = this.parts.notifications.subscribe((queue, inMs) => void this.wake(queue, inMs));
    this.working = this.pollActiveQueues();
  }

  /** Whether calls are running or about to start. */
  get isBusy(): boolean {
    return [...this.workers.values()].some(({ isBusy }) => isBusy);
  }

  /** The greatest part of its slots that any queue has calls in, 0 to 1. */
  get use(): number {
    return Math.max(0, ...[...this.workers.values()].map(({ use }) => use));
  }

  /** @param graceMs how long calls may continue, from now */
  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    this.endListening?.();
    this.stopped.set();
    await Promise.all([this.working, ...[...this.workers.values()].map((worker) => worker.stop(graceMs))]);
  }

  /** Wakes the workers of queues that any process has marked active. */
  private async pollActiveQueues(): Promise<void> {
    while (!this.isStopping) {
      await this.pollOnce().catch((error) =>
        this.parts.logger.error({ err: error }, 'reading active queues failed; retrying'),
      );
      await this.stopped.wait(POLL_INTERVAL_MS);
    }
  }

  private async pollOnce(): Promise<void> {
    const { marks } = await this.parts.active.list();
    const marked = [...marks].filter(([queue, { id }]) => this.known.get(queue)?.id !== id).map(([queue]) => queue);
    const queues = new Set([...this.missed, ...marked]);
    this.missed.clear();
    this.known = marks;
    await concurrently(QUEUES_AT_ONCE, [...queues], (queue) => this.wake(queue));
  }

  /** The queue may hold a claimable task. Never rejects. @param inMs until then */
  async wake(queue: string, inMs = 0): Promise<void> {
    const worker = this.workers.get(queue);
    if (worker) {
      worker.wake(inMs);
      return;
    }
    try {
      const settings = await this.parts.queues.get(queue);
      if (settings?.runner && !settings.paused) this.begin(queue);
    } catch (error) {
      this.missed.add(queue);
      this.parts.logger.error({ err: error, queue }, 'reading queue settings failed; retrying');
    }
  }

  private begin(queue: string): void {
    if (this.isStopping) return;
    const present = this.workers.get(queue);
    if (present) {
      present.wake(0);
      return;
    }
    const worker = new QueueWorker(queue, this.parts);
    this.workers.set(queue, worker);
    void worker.start().then(() => {
      this.workers.delete(queue);
      // It was woken after it had decided to end.
      if (worker.isWoken && !this.isStopping) void this.wake(queue);
    });
  }
}
