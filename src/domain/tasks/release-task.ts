import type { Clock } from '../../ports/system.ts';
import type { TaskStore, WakeUps } from '../../ports/tasks.ts';
import { announce } from './announce.ts';
import { changeHeldTask } from './held-task.ts';
import { isIdle, released, type Task } from './task.ts';

export class ReleaseTask {
  constructor(
    private readonly tasks: TaskStore,
    private readonly wakeUps: WakeUps,
    private readonly clock: Clock,
  ) {}

  /**
   * A holder gives its task back, with the attempt.
   *
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
   */
  async execute(taskId: string, fence: string, delaySeconds = 0): Promise<Task> {
    const now = this.clock.now();
    const after = await changeHeldTask(this.tasks, { taskId, fence, ending: 'release' }, (task) =>
      released(task, delaySeconds * 1000, now),
    );
    if (after.status === 'PENDING' && isIdle(after, now)) await announce(this.wakeUps, after.queue);
    return after;
  }
}
