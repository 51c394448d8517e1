import type { Clock } from '../../ports/system.ts';
import type { TaskStore } from '../../ports/tasks.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { notCancellable } from './errors.ts';
import { existingTask } from './find-tasks.ts';
import { cancelled, isOpen, type Task } from './task.ts';

/** A task changes hands a few times at most; so many lost races in a row are a sign of trouble. */
const MAX_ATTEMPTS = 10;

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
  async execute(taskId: string): Promise<Task> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const task = await existingTask(this.tasks, taskId);
      if (task.status === 'CANCELLED') return task;
      if (!isOpen(task)) throw notCancellable(taskId);
      const after = cancelled(task, this.clock.now());
      if (await this.tasks.replace(task, after)) return after;
    }
    throw storeUnavailable(new Error(`Task ${taskId} changed ${MAX_ATTEMPTS} times while it was cancelled`));
  }
}
