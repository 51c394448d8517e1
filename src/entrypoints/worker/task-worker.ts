import { concurrently } from '../../domain/shared/concurrently.ts';
import type { ActiveMark, ActiveQueues, WakeUpSignals } from '../../ports/tasks.ts';
import { Bell } from './bell.ts';
import { QueueWorker, type QueueWorkerParts } from './queue-worker.ts';

export interface TaskWorkerParts extends QueueWorkerParts {
  readonly active: Pick<ActiveQueues, 'list'>;
  readonly signals: WakeUpSignals;
}

/** How often the marks are read. */
const LOOK_INTERVAL_MS = 1_000;
/** Queues whose settings are read at the same time. */
const QUEUES_AT_ONCE = 10;

/** Drains every queue that has a runner. A queue in which nothing happens has no worker, and costs nothing. */
export class TaskWorker {
  private readonly workers = new Map<string, QueueWorker>();
  private marks: ReadonlyMap<string, ActiveMark> = new Map();
  /** Queues whose settings could not be read. */
  private readonly missed = new Set<string>();
  private readonly bell = new Bell();
  private isStopping = false;
  private endListening: (() => void) | undefined;
  private working: Promise<void> | undefined;

  constructor(private readonly parts: TaskWorkerParts) {}

  start(): void {
    this.endListening = this.parts.signals.listen((queue, inMs) => void this.wake(queue, inMs));
    this.working = this.watchMarks();
  }

  /** Whether calls are under way, or about to be. */
  get isBusy(): boolean {
    return [...this.workers.values()].some(({ isBusy }) => isBusy);
  }

  /** @param graceMs how long calls may go on, from now */
  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    this.endListening?.();
    this.bell.ring();
    await Promise.all([this.working, ...[...this.workers.values()].map((worker) => worker.stop(graceMs))]);
  }

  /** Wakes the workers of queues that any process has marked. */
  private async watchMarks(): Promise<void> {
    while (!this.isStopping) {
      await this.lookAtMarks().catch((error) =>
        this.parts.logger.error({ err: error }, 'looking for queues with something to do failed; it is tried again'),
      );
      await this.bell.wait(LOOK_INTERVAL_MS);
    }
  }

  private async lookAtMarks(): Promise<void> {
    const { marks } = await this.parts.active.list();
    const marked = [...marks].filter(([queue, { id }]) => this.marks.get(queue)?.id !== id).map(([queue]) => queue);
    const queues = new Set([...this.missed, ...marked]);
    this.missed.clear();
    this.marks = marks;
    await concurrently(QUEUES_AT_ONCE, [...queues], (queue) => this.wake(queue));
  }

  /** There will be something to claim in a queue, perhaps. @param inMs from now; never rejects */
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
      this.parts.logger.error({ err: error, queue }, 'reading the settings of a queue failed; it is tried again');
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
      // It had decided to end just before.
      if (worker.isWoken && !this.isStopping) void this.wake(queue);
    });
  }
}
