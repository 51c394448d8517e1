import type { ListedStatus, TaskStore } from '../../ports/tasks.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { taskNotFound } from './errors.ts';
import type { Task } from './task.ts';

export class FindTasks {
  constructor(private readonly tasks: TaskStore) {}

  /** @throws DomainError `TASKS_NOT_FOUND`, `STORE_UNAVAILABLE` */
  byId(taskId: string): Promise<Task> {
    return existingTask(this.tasks, taskId);
  }

  /** Newest first. @throws DomainError `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE` */
  list(queue: string, status: ListedStatus, page: PageRequest): Promise<Page<Task>> {
    return this.tasks.list(queue, status, page);
  }
}

/** @throws DomainError `TASKS_NOT_FOUND`, `STORE_UNAVAILABLE` */
export async function existingTask(tasks: Pick<TaskStore, 'get'>, taskId: string): Promise<Task> {
  const task = await tasks.get(taskId);
  if (!task) throw taskNotFound(taskId);
  return task;
}
