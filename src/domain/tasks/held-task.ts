import type { TaskStore } from '../../ports/tasks.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { leaseLost } from './errors.ts';
import { existingTask } from './find-tasks.ts';
import type { Ending, Task } from './task.ts';

/** Only the holder's own heartbeat can come between, so this many lost races in a row are a sign of trouble. */
const MAX_ATTEMPTS = 10;

/**
 * Changes a task on behalf of whoever holds it. Ending a lease again with the fence that ended it, in the same way,
 * changes nothing and returns the task as it is now, until the next claim.
 *
 * @param ending undefined for a change that keeps the lease
 * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
 */
export async function changeHeldTask(
  tasks: TaskStore,
  { taskId, fence, ending }: { readonly taskId: string; readonly fence: string; readonly ending?: Ending },
  change: (task: Task) => Task | Promise<Task>,
): Promise<Task> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const task = await existingTask(tasks, taskId);
    if (task.fence !== fence) throw leaseLost(taskId);
    if (task.status !== 'TAKEN') {
      if (ending === undefined || task.endedBy !== ending) throw leaseLost(taskId);
      return task;
    }
    const after = await change(task);
    if (await tasks.replace(task, after)) return after;
  }
  throw storeUnavailable(new Error(`Task ${taskId} changed ${MAX_ATTEMPTS} times under its holder`));
}
