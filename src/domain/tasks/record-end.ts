import type { Meter } from '../../ports/system.ts';
import type { Task } from './task.ts';

/**
 * Records `TasksDone` for a task that this process has just made a SUCCESS or a FAILURE, and `TasksFailed` for a FAILURE.
 * Where the store's answer to the change was lost, neither is recorded.
 */
export function recordEnd(meter: Meter, { status }: Pick<Task, 'status'>): void {
  if (status !== 'SUCCESS' && status !== 'FAILURE') return;
  meter.record('TasksDone', 1, 'Count');
  if (status === 'FAILURE') meter.record('TasksFailed', 1, 'Count');
}
