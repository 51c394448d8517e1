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
   * Ends an open task for good. Whoever holds it learns so with the next call for it. May be repeated.
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
