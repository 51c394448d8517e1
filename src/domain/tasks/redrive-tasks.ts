import type { Clock } from '../../ports/system.ts';
import type { QueueStore, TaskStore, WakeUps } from '../../ports/tasks.ts';
import { pagesOf } from '../shared/page.ts';
import { announce } from './announce.ts';
import { notRedrivable } from './errors.ts';
import { settingsOf } from './find-queues.ts';
import { existingTask } from './find-tasks.ts';
import type { QueueSettings } from './queue.ts';
import { redriven, type Task } from './task.ts';

/** The most tasks that one call brings back; call again for more. */
const MAX_PER_CALL = 1_000;
const PAGE = 100;

export class RedriveTasks {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly wakeUps: WakeUps,
    private readonly clock: Clock,
  ) {}

  /**
   * Brings a FAILURE back into its queue.
   *
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_NOT_REDRIVABLE`, `STORE_UNAVAILABLE`
   */
  async one(taskId: string): Promise<Task> {
    const task = await existingTask(this.tasks, taskId);
    const after =
      task.status === 'FAILURE' ? await this.redrive(task, await settingsOf(this.queues, task.queue)) : undefined;
    if (!after) throw notRedrivable(taskId);
    await announce(this.wakeUps, task.queue);
    return after;
  }

  /**
   * Brings back every FAILURE of a queue, at most 1,000.
   *
   * @returns how many
   * @throws DomainError `STORE_UNAVAILABLE`; some may be back already
   */
  async all(queue: string): Promise<number> {
    const settings = await settingsOf(this.queues, queue);
    let count = 0;
    const readPage = (cursor: string | undefined) =>
      this.tasks.list(queue, 'FAILURE', { limit: Math.min(PAGE, MAX_PER_CALL - count), cursor });
    for await (const failures of pagesOf(readPage)) {
      const back = await Promise.all(failures.map((task) => this.redrive(task, settings)));
      count += back.filter(Boolean).length;
      if (count === MAX_PER_CALL) break;
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
