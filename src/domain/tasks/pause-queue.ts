import type { ActiveQueues, QueueStore, TaskNotifier } from '../../ports/tasks.ts';
import { queueNotFound } from './errors.ts';
import { notifyOfSettings } from './notify.ts';
import type { Queue } from './queue.ts';

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
   * @throws DomainError `TASKS_QUEUE_NOT_FOUND`, `STORE_UNAVAILABLE`
   */
  async execute(queue: string, paused: boolean): Promise<Queue> {
    const changed = await this.queues.pause(queue, paused);
    if (!changed) throw queueNotFound(queue);
    if (!paused) await notifyOfSettings(this.active, this.notifier, queue);
    return changed;
  }
}
