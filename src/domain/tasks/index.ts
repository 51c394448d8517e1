/** The tasks context as others may use it: `portside/tasks`. */
export { CancelTask } from './cancel-task.ts';
export { type ClaimRequest, ClaimTasks } from './claim-tasks.ts';
export { ConfigureQueue, type QueueChanged } from './configure-queue.ts';
export { type EnqueueCommand, type EnqueueResult, EnqueueTask } from './enqueue-task.ts';
export {
  leaseLost,
  notCancellable,
  notRedrivable,
  payloadTooLarge,
  queueFull,
  queueNotEmpty,
  queueNotFound,
  resultTooLarge,
  taskNotFound,
} from './errors.ts';
export { FindQueues, type QueueView } from './find-queues.ts';
export { FindTasks } from './find-tasks.ts';
export { type GuardedQueue, GuardRunner } from './guard-runner.ts';
export { payloadText, resultText } from './json-text.ts';
export { chooseOrder, type Load, type Order, type OrderPolicy, type Turn } from './order.ts';
export { PauseQueue } from './pause-queue.ts';
export { type PurgedStatus, PurgeQueue } from './purge-queue.ts';
export {
  type Breaker,
  type Queue,
  type QueueDraft,
  type QueueSettings,
  type QueueState,
  queueSettings,
  type RetrySettings,
  type RunnerSettings,
} from './queue.ts';
export { QueueOrders } from './queue-orders.ts';
export { type Counters, counterOf, noCounts, type QueueStats } from './queue-stats.ts';
export { type RedriveOptions, RedriveTasks } from './redrive-tasks.ts';
export { type FailedAttempt, retryDelayMs } from './retry-delay.ts';
export { RunTask } from './run-task.ts';
export { SweepTasks } from './sweep-tasks.ts';
export {
  type AttemptEnd,
  type AttemptOutcome,
  claimed,
  createTask,
  type Ending,
  expiredIfOverdue,
  isClaimable,
  isIdle,
  isOpen,
  isUnchangedSince,
  type Lease,
  MAX_JSON_BYTES,
  type Task,
  type TaskDraft,
  type TaskStatus,
  type TaskTerms,
} from './task.ts';
export { type FailCommand, type ReleaseOptions, TaskLeases } from './task-leases.ts';
