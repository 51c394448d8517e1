import type { ActiveQueues, QueueStore, TaskNotifier } from '../../ports/tasks.ts';
import type { QueueChanged } from './configure-queue.ts';
import { queueNotFound } from './errors.ts';
import { notifyOfSettings } from './notify.ts';

export class PauseQueue {
  constructor(
    private readonly queues: QueueStore,
    private readonly active: ActiveQueues,
    private readonly notifier: TaskNotifier,
  ) {}

  /**
   * Pauses or resumes a queue. Tasks of a paused queue cannot be claimed; running ones continue, and deadlines still pass.
   * Idempotent.
   *
   * @returns the queue as it is now, and as it was before
   * @throws DomainError `TASKS_QUEUE_NOT_FOUND`, `STORE_UNAVAILABLE`
   */
  async execute(queue: string, paused: boolean): Promise<QueueChanged> {
    const before = await this.queues.get(queue);
    const after = before && (await this.queues.pause(queue, paused));
    if (!after) throw queueNotFound(queue);
    if (!paused) await notifyOfSettings(this.active, this.notifier, queue);
    return { before, after };
  }
}
