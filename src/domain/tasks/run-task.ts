import type { Cancellation, RunOutcome, TaskRunner } from '../../ports/tasks.ts';
import type { RunnerSettings } from './queue.ts';
import type { Task } from './task.ts';
import type { TaskLeases } from './task-leases.ts';

/** The built-in worker's part in a task: has it done, then says what became of it. */
export class RunTask {
  constructor(
    private readonly runner: TaskRunner,
    private readonly taskLeases: TaskLeases,
  ) {}

  /** Has a claimed task done. Never rejects. */
  run(task: Task, runner: RunnerSettings, cancel: Cancellation): Promise<RunOutcome> {
    const { taskId, queue, attempt, deliveries = attempt, payload } = task;
    return this.runner.run({ taskId, queue, attempt, deliveries, payload }, runner, cancel);
  }

  /**
   * Ends the lease with what became of the task. May be repeated.
   *
   * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
   */
  record(task: Task, outcome: RunOutcome): Promise<Task> {
    return recordOutcome(this.taskLeases, task, outcome);
  }
}

/**
 * Ends the lease of a task with what became of it. May be repeated.
 *
 * @throws DomainError `TASKS_NOT_FOUND`, `TASKS_LEASE_LOST`, `STORE_UNAVAILABLE`
 */
export function recordOutcome(
  taskLeases: TaskLeases,
  { taskId, fence = '' }: Task,
  outcome: RunOutcome,
): Promise<Task> {
  switch (outcome.kind) {
    case 'success':
      return taskLeases.complete(taskId, fence, outcome.result, outcome.remark);
    case 'retry':
      return taskLeases.fail(taskId, fence, { ...outcome, retry: true });
    case 'failure':
      return taskLeases.fail(taskId, fence, { ...outcome, retry: false });
    case 'later':
      return taskLeases.postpone(taskId, fence, outcome.delayMs, outcome.reason);
    case 'cancelled':
      return taskLeases.release(taskId, fence, { error: 'The call was cut short: its worker had to stop.' });
    case 'unreachable':
      return taskLeases.release(taskId, fence, { error: outcome.error });
  }
}
