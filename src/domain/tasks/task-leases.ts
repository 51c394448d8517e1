import type { Clock, Meter, Random } from '../../ports/system.ts';
import type { QueueStore, TaskNotifier, TaskStore } from '../../ports/tasks.ts';
import { invalidRequest } from '../shared/domain-error.ts';
import { changeTask } from './change-task.ts';
import { leaseLost } from './errors.ts';
import { settingsOf } from './find-queues.ts';
import { notifyOfTask } from './notify.ts';
import { recordEnd } from './record-end.ts';
import { retryDelayMs } from './retry-delay.ts';
import { completed, type Ending, extended, failed, released, type Task } from './task.ts';

export interface FailCommand {
  readonly error: string;
  /** Whether another attempt may help. */
  readonly retry: boolean;
  /** The least wait that the refusing service asks for, ms. */
  readonly retryAfterMs?: number;
  /** When the holder itself wants it to be tried again, ms from now. */
  readonly retryInMs?: number;
}

export interface ReleaseOptions {
  /** How long the task is not claimable. */
  readonly delaySeconds?: number;
  /** Why, if something went wrong that is not the task's fault. */
  readonly error?: string;
}

/**
 * What the holder of a task may do with its lease. Ending a lease again with the fence that ended it, in the same way,
 * changes nothing and returns the task as it is now, until the next claim. Records `TasksDone` and `TasksFailed`.
 *
 * Every method throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST` or `STORE_UNAVAILABLE`.
 */
export class TaskLeases {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly notifier: TaskNotifier,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly meter: Meter,
  ) {}

  /**
   * Heartbeat: the lease lasts for so long from now, or as long as it would have, if that is longer.
   *
   * @param leaseSeconds as its claim had it if absent
   */
  extend(taskId: string, fence: string, leaseSeconds?: number): Promise<Task> {
    return this.change(taskId, fence, undefined, async (task) => {
      const seconds = leaseSeconds ?? task.leaseSeconds ?? (await settingsOf(this.queues, task.queue)).leaseSeconds;
      return extended(task, seconds, this.clock.now());
    });
  }

  /**
   * The task is done.
   *
   * @param result JSON text of a size that was looked at, as `resultText` makes it; undefined for none
   * @param remark what there is to say of a success that left no result
   */
  complete(taskId: string, fence: string, result: string | undefined, remark?: string): Promise<Task> {
    return this.change(taskId, fence, 'complete', (task) => completed(task, result, this.clock.now(), remark));
  }

  /** The attempt failed: the task is retried later or has failed permanently. */
  async fail(taskId: string, fence: string, command: FailCommand): Promise<Task> {
    const now = this.clock.now();
    const after = await this.change(taskId, fence, 'fail', async (task) =>
      failed(task, command.error, command.retry ? await this.delayMs(task, command) : undefined, now),
    );
    await notifyOfTask(this.notifier, after, now);
    return after;
  }

  /**
   * The holder gives its task back, with the attempt.
   *
   * @throws DomainError also `INVALID_REQUEST`: the delay passes the end of the task, and the lease stays
   */
  async release(taskId: string, fence: string, { delaySeconds = 0, error }: ReleaseOptions = {}): Promise<Task> {
    const now = this.clock.now();
    const after = await this.change(taskId, fence, 'release', (task) => {
      const back = released(task, delaySeconds * 1000, now, error);
      if (delaySeconds > 0 && back.notBefore >= task.expiresAt)
        throw invalidRequest({ path: 'delaySeconds', message: 'must end before the task expires' });
      return back;
    });
    await notifyOfTask(this.notifier, after, now);
    return after;
  }

  /** The holder gives its task back, with the attempt; it has failed if it would come again after its end. */
  async postpone(taskId: string, fence: string, delayMs: number, reason: string): Promise<Task> {
    const now = this.clock.now();
    const after = await this.change(taskId, fence, 'release', (task) => {
      const back = released(task, delayMs, now, reason);
      if (back.notBefore < task.expiresAt) return back;
      return { ...failed(task, `${reason} It would wait past its deadline.`, undefined, now), endedBy: 'release' };
    });
    await notifyOfTask(this.notifier, after, now);
    return after;
  }

  /** @param ending undefined for a change that keeps the lease */
  private async change(
    taskId: string,
    fence: string,
    ending: Ending | undefined,
    change: (task: Task) => Task | Promise<Task>,
  ): Promise<Task> {
    let before: Task | undefined;
    const after = await changeTask(this.tasks, taskId, (task) => {
      before = task;
      if (task.fence !== fence) throw leaseLost(taskId);
      if (task.status === 'TAKEN') return change(task);
      if (ending === undefined || task.endedBy !== ending) throw leaseLost(taskId);
      return task;
    });
    if (after !== before) recordEnd(this.meter, after);
    return after;
  }

  private async delayMs({ queue, attempt }: Task, { retryInMs, retryAfterMs }: FailCommand): Promise<number> {
    if (retryInMs !== undefined) return retryInMs;
    const { retry } = await settingsOf(this.queues, queue);
    return retryDelayMs({ attempt, retryAfterMs }, retry, this.random.next());
  }
}
