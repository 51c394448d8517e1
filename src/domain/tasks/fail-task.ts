import type { Clock, Random } from '../../ports/system.ts';
import type { TaskStore, WakeUps } from '../../ports/tasks.ts';
import { announce } from './announce.ts';
import { changeHeldTask } from './held-task.ts';
import { retryDelayMs } from './retry-delay.ts';
import { failed, isIdle, type Task } from './task.ts';

export interface FailCommand {
  readonly error: string;
  /** Whether another attempt may help. */
  readonly retry: boolean;
  /** How long whoever refused the task wants it to wait, ms. */
  readonly retryAfterMs?: number;
}

export class FailTask {
  constructor(
    private readonly tasks: TaskStore,
    private readonly wakeUps: WakeUps,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /**
   * A holder could not do its task, which is tried again later or has failed for good.
   *
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
   */
  async execute(taskId: string, fence: string, { error, retry, retryAfterMs }: FailCommand): Promise<Task> {
    const now = this.clock.now();
    const after = await changeHeldTask(this.tasks, { taskId, fence, ending: 'fail' }, (task) => {
      const delayMs = retryAfterMs ?? retryDelayMs(task.attempt, this.random.next());
      return failed(task, error, retry ? delayMs : undefined, now);
    });
    if (after.status === 'PENDING' && isIdle(after, now)) await announce(this.wakeUps, after.queue);
    return after;
  }
}
