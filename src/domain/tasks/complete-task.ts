import type { Clock } from '../../ports/system.ts';
import type { TaskStore } from '../../ports/tasks.ts';
import { changeHeldTask } from './held-task.ts';
import { resultText } from './json-text.ts';
import { completed, type Task } from './task.ts';

export class CompleteTask {
  constructor(
    private readonly tasks: TaskStore,
    private readonly clock: Clock,
  ) {}

  /**
   * A holder has done its task.
   *
   * @param result any JSON value; undefined for none
   * @throws DomainError `TASKS_RESULT_TOO_LARGE` (the lease stays), `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
   */
  async execute(taskId: string, fence: string, result: unknown): Promise<Task> {
    return this.withText(taskId, fence, resultText(result));
  }

  /**
   * The same with a result that is JSON text, of a size that was looked at.
   *
   * @param remark what there is to say of a success that left no result
   */
  withText(taskId: string, fence: string, result: string | undefined, remark?: string): Promise<Task> {
    return changeHeldTask(this.tasks, { taskId, fence, ending: 'complete' }, (task) =>
      completed(task, result, this.clock.now(), remark),
    );
  }
}
