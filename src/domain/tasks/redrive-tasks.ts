import type { Clock } from '../../ports/system.ts';
import type { ActiveQueues, QueueStore, TaskNotifier, TaskStore } from '../../ports/tasks.ts';
import { changeListed } from './change-listed.ts';
import { notRedrivable } from './errors.ts';
import { settingsForTasks } from './find-queues.ts';
import { existingTask } from './find-tasks.ts';
import { notifyOfNewTask } from './notify.ts';
import type { QueueSettings } from './queue.ts';
import { isRedrivable, redriven, type Task } from './task.ts';

export interface RedriveOptions {
  readonly status?: 'FAILURE' | 'SHED';
  readonly limit?: number;
}

export class RedriveTasks {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly active: ActiveQueues,
    private readonly notifier: TaskNotifier,
    private readonly clock: Clock,
  ) {}

  /**
   * Brings a FAILURE or SHED back into its queue, which is there again with it if it was removed.
   *
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_NOT_REDRIVABLE`, `STORE_UNAVAILABLE`
   */
  async one(taskId: string): Promise<Task> {
    const task = await existingTask(this.tasks, taskId);
    if (!isRedrivable(task)) throw notRedrivable(taskId);
    const after = await this.redrive(task, await settingsForTasks(this.queues, task.queue));
    if (!after) throw notRedrivable(taskId);
    await notifyOfNewTask(this.active, this.notifier, task.queue);
    return after;
  }

  /**
   * Brings back tasks of a queue, the newest first.
   *
   * @param options.status in which they are
   * @param options.limit the most; never more than 1,000
   * @returns how many
   * @throws DomainError `STORE_UNAVAILABLE`; some may be back already
   */
  async all(queue: string, { status = 'FAILURE', limit }: RedriveOptions = {}): Promise<number> {
    const count = await changeListed(this.tasks, queue, { status, limit }, async (found) => {
      const settings = await settingsForTasks(this.queues, queue);
      return Promise.all(found.map(async (task) => (await this.redrive(task, settings)) !== undefined));
    });
    if (count > 0) await notifyOfNewTask(this.active, this.notifier, queue);
    return count;
  }

  /** @returns undefined when another process was faster */
  private async redrive(task: Task, { deadlineSeconds }: QueueSettings): Promise<Task | undefined> {
    const after = redriven(task, deadlineSeconds, this.clock.now());
    return (await this.tasks.replace(task, after)) ? after : undefined;
  }
}
