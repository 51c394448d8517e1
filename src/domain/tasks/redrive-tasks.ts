import type { Clock } from '../../ports/system.ts';
import type { QueueStore, TaskStore, WakeUps } from '../../ports/tasks.ts';
import { pagesOf } from '../shared/page.ts';
import { announce } from './announce.ts';
import { notRedrivable } from './errors.ts';
import { settingsForTasks } from './find-queues.ts';
import { existingTask } from './find-tasks.ts';
import type { QueueSettings } from './queue.ts';
import { isRedrivable, redriven, type Task } from './task.ts';

/** The most tasks that one call brings back; call again for more. */
const MAX_PER_CALL = 1_000;
const PAGE = 100;

export interface RedriveOptions {
  readonly status?: 'FAILURE' | 'SHED';
  readonly limit?: number;
}

export class RedriveTasks {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly wakeUps: WakeUps,
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
    await announce(this.wakeUps, task.queue);
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
  async all(queue: string, { status = 'FAILURE', limit = MAX_PER_CALL }: RedriveOptions = {}): Promise<number> {
    const most = Math.min(limit, MAX_PER_CALL);
    let count = 0;
    const readPage = (cursor: string | undefined) =>
      this.tasks.list(queue, status, { limit: Math.min(PAGE, most - count), cursor });
    for await (const found of pagesOf(readPage)) {
      if (found.length === 0) continue;
      const settings = await settingsForTasks(this.queues, queue);
      const back = await Promise.all(found.map((task) => this.redrive(task, settings)));
      count += back.filter(Boolean).length;
      if (count === most) break;
    }
    if (count > 0) await announce(this.wakeUps, queue);
    return count;
  }

  /** @returns undefined when somebody else was faster */
  private async redrive(task: Task, { deadlineSeconds }: QueueSettings): Promise<Task | undefined> {
    const after = redriven(task, deadlineSeconds, this.clock.now());
    return (await this.tasks.replace(task, after)) ? after : undefined;
  }
}
