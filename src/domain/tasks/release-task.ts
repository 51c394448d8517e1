import type { Clock } from '../../ports/system.ts';
import type { TaskNotifier, TaskStore } from '../../ports/tasks.ts';
import { invalidRequest } from '../shared/domain-error.ts';
import { changeHeldTask } from './held-task.ts';
import { notifyOfTask } from './notify.ts';
import { released, type Task } from './task.ts';

export interface ReleaseOptions {
  readonly delaySeconds?: number;
  readonly error?: string;
}

export class ReleaseTask {
  constructor(
    private readonly tasks: TaskStore,
    private readonly notifier: TaskNotifier,
    private readonly clock: Clock,
  ) {}

  /**
   * A holder gives its task back, with the attempt.
   *
   * @param options.delaySeconds how long it is not claimable
   * @param options.error why, if something went wrong that is not the task's fault
   * @throws DomainError `INVALID_REQUEST` (the delay passes the end of the task, and the lease stays), `TASKS_NOT_FOUND`,
   * `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
   */
  async execute(taskId: string, fence: string, { delaySeconds = 0, error }: ReleaseOptions = {}): Promise<Task> {
    const now = this.clock.now();
    const after = await changeHeldTask(this.tasks, { taskId, fence, ending: 'release' }, (task) => {
      const back = released(task, delaySeconds * 1000, now, error);
      if (delaySeconds > 0 && back.notBefore >= task.expiresAt)
        throw invalidRequest({ path: 'delaySeconds', message: 'must end before the task expires' });
      return back;
    });
    await notifyOfTask(this.notifier, after, now);
    return after;
  }
}
