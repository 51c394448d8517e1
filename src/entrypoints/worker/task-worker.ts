import { pagesOf } from '../../domain/shared/page.ts';
import type { QueueStore, WakeUpSignals } from '../../ports/tasks.ts';
import { Bell } from './bell.ts';
import { QueueWorker, type QueueWorkerParts } from './queue-worker.ts';

export interface TaskWorkerParts extends QueueWorkerParts {
  readonly queues: QueueStore;
  readonly signals: WakeUpSignals;
}

/** How often queues are looked for that another process was told of. */
const LOOK_INTERVAL_MS = 5_000;
const PAGE = 100;

/** Drains every queue that has a runner. */
export class TaskWorker {
  private readonly workers = new Map<string, QueueWorker>();
  private readonly bell = new Bell();
  private isStopping = false;
  private endListening: (() => void) | undefined;
  private working: Promise<void> | undefined;

  constructor(private readonly parts: TaskWorkerParts) {}

  start(): void {
    this.endListening = this.parts.signals.listen((queue) => {
      const worker = this.workers.get(queue);
      if (worker) worker.wake();
      else void this.attend(queue);
    });
    this.working = this.lookForQueues();
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

  private async lookForQueues(): Promise<void> {
    while (!this.isStopping) {
      await this.attendAll().catch((error) =>
        this.parts.logger.error({ err: error }, 'looking for queues with a runner failed; it is tried again'),
      );
      await this.bell.wait(LOOK_INTERVAL_MS);
    }
  }

  private async attendAll(): Promise<void> {
    for await (const page of pagesOf((cursor) => this.parts.queues.list({ limit: PAGE, cursor })))
      for (const { queue, runner } of page) if (runner) this.begin(queue);
  }

  /** Begins with a queue that was just heard of. One that cannot be read now is found by the next look. */
  private async attend(queue: string): Promise<void> {
    const settings = await this.parts.queues.get(queue).catch(() => undefined);
    if (settings?.runner) this.begin(queue);
  }

  private begin(queue: string): void {
    if (this.isStopping || this.workers.has(queue)) return;
    const worker = new QueueWorker(queue, this.parts);
    this.workers.set(queue, worker);
    void worker.start().then(() => {
      this.workers.delete(queue);
      // Perhaps it has a runner again since it was looked at.
      if (!this.isStopping) void this.attend(queue);
    });
  }
}
