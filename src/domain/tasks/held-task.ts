import type { TaskStore } from '../../ports/tasks.ts';
import { changeTask } from './change-task.ts';
import { leaseLost } from './errors.ts';
import type { Ending, Task } from './task.ts';

/**
 * Changes a task on behalf of its holder. Ending a lease again with the fence that ended it, in the same way,
 * changes nothing and returns the task as it is now, until the next claim.
 *
 * @param ending undefined for a change that keeps the lease
 * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
 */
export function changeHeldTask(
  tasks: TaskStore,
  { taskId, fence, ending }: { readonly taskId: string; readonly fence: string; readonly ending?: Ending },
  change: (task: Task) => Task | Promise<Task>,
): Promise<Task> {
  return changeTask(tasks, taskId, (task) => {
    if (task.fence !== fence) throw leaseLost(taskId);
    if (task.status === 'TAKEN') return change(task);
    if (ending === undefined || task.endedBy !== ending) throw leaseLost(taskId);
    return task;
  });
}
