import type { Clock } from '../../ports/system.ts';
import type { QueueStore, TaskStore } from '../../ports/tasks.ts';
import { settingsOf } from './find-queues.ts';
import { changeHeldTask } from './held-task.ts';
import { extended, type Task } from './task.ts';

export class ExtendLease {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Heartbeat of a holder: its lease lasts for so long from now, or as long as it would have, if that is longer.
   *
   * @param leaseSeconds as its claim had it if absent
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
   */
  execute(taskId: string, fence: string, leaseSeconds?: number): Promise<Task> {
    return changeHeldTask(this.tasks, { taskId, fence }, async (task) => {
      const seconds = leaseSeconds ?? task.leaseSeconds ?? (await settingsOf(this.queues, task.queue)).leaseSeconds;
      return extended(task, seconds, this.clock.now());
    });
  }
}
