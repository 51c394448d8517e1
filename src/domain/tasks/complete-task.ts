import type { Clock } from '../../ports/system.ts';
import type { TaskStore } from '../../ports/tasks.ts';
import { resultTooLarge } from './errors.ts';
import { changeHeldTask } from './held-task.ts';
import { isLongerThan } from './json-text.ts';
import { completed, MAX_JSON_BYTES, type Task } from './task.ts';

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

/**
 * The JSON text of a result; undefined for none.
 *
 * @throws DomainError `TASKS_RESULT_TOO_LARGE`
 */
export function resultText(result: unknown): string | undefined {
  const text = JSON.stringify(result) as string | undefined;
  if (text !== undefined && isLongerThan(MAX_JSON_BYTES, text)) throw resultTooLarge();
  return text;
}
