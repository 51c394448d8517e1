import { createTask, placeOf, type Task } from '../../src/domain/tasks/task.ts';

/** When the tasks of {@link aTask} are made, epoch ms. */
export const T0 = Date.UTC(2026, 0, 1);

let serial = 0;

/** A new task, each with an id of its own and newer than the one before; `terms` are as a caller would say them. */
export function aTask({ queue = 'q', createdAt = T0, ...rest }: Partial<Task> = {}): Task {
  const number = String(++serial).padStart(6, '0');
  const taskId = rest.taskId ?? `task-${number}`;
  const draft = {
    taskId,
    queue,
    place: placeOf(createdAt, number),
    payload: rest.payload ?? '{}',
    terms: rest.terms ?? {},
    defaults: { deadlineSeconds: 3_600, maxAttempts: 5 },
  };
  return { ...createTask(draft, createdAt), ...rest };
}

/** A grant of `leaseMs` from `at` on. */
export const aGrant = (fence: string, at = T0, leaseMs = 30_000) => ({
  fence,
  claimedAt: at,
  leaseSeconds: leaseMs / 1_000,
});
