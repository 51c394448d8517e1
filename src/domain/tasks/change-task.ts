import type { TaskStore } from '../../ports/tasks.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { existingTask } from './find-tasks.ts';
import type { Task } from './task.ts';

/** A task is contended a few times at most, so this many lost races in a row are a sign of trouble. */
const MAX_ATTEMPTS = 10;

/**
 * Changes a task; after a lost race, reads it again and repeats.
 *
 * @param change returns the task itself where there is nothing to change; what it throws ends the attempts
 * @returns the task as it is then
 * @throws DomainError `TASKS_NOT_FOUND`, `STORE_UNAVAILABLE`
 */
export async function changeTask(
  tasks: Pick<TaskStore, 'get' | 'replace'>,
  taskId: string,
  change: (task: Task) => Task | Promise<Task>,
): Promise<Task> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const task = await existingTask(tasks, taskId);
    const after = await change(task);
    if (after === task || (await tasks.replace(task, after))) return after;
  }
  throw storeUnavailable(new Error(`Task ${taskId} changed ${MAX_ATTEMPTS} times while it was to be changed`));
}
