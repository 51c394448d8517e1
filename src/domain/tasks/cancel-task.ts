import type { Clock } from '../../ports/system.ts';
import type { TaskStore } from '../../ports/tasks.ts';
import { changeTask } from './change-task.ts';
import { notCancellable } from './errors.ts';
import { cancelled, isOpen, type Task } from './task.ts';

export class CancelTask {
  constructor(
    private readonly tasks: TaskStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Cancels an open task. Its holder, if any, gets `TASKS_LEASE_LOST` from its next call. Idempotent.
   *
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_NOT_CANCELLABLE`, `STORE_UNAVAILABLE`
   */
  execute(taskId: string): Promise<Task> {
    return changeTask(this.tasks, taskId, (task) => {
      if (task.status === 'CANCELLED') return task;
      if (!isOpen(task)) throw notCancellable(taskId);
      return cancelled(task, this.clock.now());
    });
  }
}
