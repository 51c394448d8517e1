import type { Clock, Random } from '../../ports/system.ts';
import type { QueueStore, TaskNotifier, TaskStore } from '../../ports/tasks.ts';
import { settingsOf } from './find-queues.ts';
import { changeHeldTask } from './held-task.ts';
import { notifyOfTask } from './notify.ts';
import { retryDelayMs } from './retry-delay.ts';
import { failed, type Task } from './task.ts';

export interface FailCommand {
  readonly error: string;
  /** Whether another attempt may help. */
  readonly retry: boolean;
  /** The least wait that the refusing service asks for, ms. */
  readonly retryAfterMs?: number;
  /** When the holder itself wants it to be tried again, ms from now. */
  readonly retryInMs?: number;
}

export class FailTask {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly notifier: TaskNotifier,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /**
   * Records a failed attempt: the task is retried later or has failed permanently.
   *
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
   */
  async execute(taskId: string, fence: string, command: FailCommand): Promise<Task> {
    const now = this.clock.now();
    const after = await changeHeldTask(this.tasks, { taskId, fence, ending: 'fail' }, async (task) =>
      failed(task, command.error, command.retry ? await this.delayMs(task, command) : undefined, now),
    );
    await notifyOfTask(this.notifier, after, now);
    return after;
  }

  private async delayMs({ queue, attempt }: Task, { retryInMs, retryAfterMs }: FailCommand): Promise<number> {
    if (retryInMs !== undefined) return retryInMs;
    const { retry } = await settingsOf(this.queues, queue);
    return retryDelayMs({ attempt, retryAfterMs }, retry, this.random.next());
  }
}
