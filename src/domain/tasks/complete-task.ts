import type { Clock } from '../../ports/system.ts';
import type { TaskStore } from '../../ports/tasks.ts';
import { changeHeldTask } from './held-task.ts';
import { completed, type Task } from './task.ts';

export class CompleteTask {
  constructor(
    private readonly tasks: TaskStore,
    private readonly clock: Clock,
  ) {}

  /**
   * A holder has done its task.
   *
   * @param result JSON text
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
   */
  execute(taskId: string, fence: string, result: string | undefined): Promise<Task> {
    return changeHeldTask(this.tasks, { taskId, fence, ending: 'complete' }, (task) =>
      completed(task, result, this.clock.now()),
    );
  }
}
