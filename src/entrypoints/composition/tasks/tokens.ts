import type { SnsTaskNotifier } from '../../../adapters/sns/task-notifier.ts';
import type { StreamRecord } from '../../../adapters/streams/stream-record.ts';
import type { CancelTask } from '../../../domain/tasks/cancel-task.ts';
import type { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import type { CompleteTask } from '../../../domain/tasks/complete-task.ts';
import type { ConfigureQueue } from '../../../domain/tasks/configure-queue.ts';
import type { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import type { ExtendLease } from '../../../domain/tasks/extend-lease.ts';
import type { FailTask } from '../../../domain/tasks/fail-task.ts';
import type { FindQueues } from '../../../domain/tasks/find-queues.ts';
import type { FindTasks } from '../../../domain/tasks/find-tasks.ts';
import type { GuardRunner } from '../../../domain/tasks/guard-runner.ts';
import type { PauseQueue } from '../../../domain/tasks/pause-queue.ts';
import type { PurgeQueue } from '../../../domain/tasks/purge-queue.ts';
import type { QueueOrders } from '../../../domain/tasks/queue-orders.ts';
import type { RedriveTasks } from '../../../domain/tasks/redrive-tasks.ts';
import type { ReleaseTask } from '../../../domain/tasks/release-task.ts';
import type { RunTask } from '../../../domain/tasks/run-task.ts';
import type { SweepTasks } from '../../../domain/tasks/sweep-tasks.ts';
import type { ChangeFeed } from '../../../ports/system.ts';
import type {
  ActiveQueues,
  FleetLease,
  QueueStore,
  TaskCounts,
  TaskNotifications,
  TaskNotifier,
  TaskRunner,
  TaskStore,
} from '../../../ports/tasks.ts';
import { token } from '../token.ts';

export const ports = {
  counts: token<TaskCounts>('TaskCounts'),
  records: token<ChangeFeed<StreamRecord>>('TaskRecords'),
  tasks: token<TaskStore>('TaskStore'),
  queues: token<QueueStore>('QueueStore'),
  active: token<ActiveQueues>('ActiveQueues'),
  wakeUps: token<TaskNotifier>('WakeUps'),
  signals: token<TaskNotifications>('WakeUpSignals'),
  runner: token<TaskRunner>('TaskRunner'),
};

/** Bound in the functions that work for the fleet, and nowhere else. */
export const fleet = {
  lease: token<FleetLease>('FleetLease'),
  topic: token<SnsTaskNotifier>('SnsWakeUps'),
};

export const useCases = {
  enqueueTask: token<EnqueueTask>('EnqueueTask'),
  findTasks: token<FindTasks>('FindTasks'),
  claimTasks: token<ClaimTasks>('ClaimTasks'),
  extendLease: token<ExtendLease>('ExtendLease'),
  completeTask: token<CompleteTask>('CompleteTask'),
  failTask: token<FailTask>('FailTask'),
  releaseTask: token<ReleaseTask>('ReleaseTask'),
  cancelTask: token<CancelTask>('CancelTask'),
  purgeQueue: token<PurgeQueue>('PurgeQueue'),
  pauseQueue: token<PauseQueue>('PauseQueue'),
  redriveTasks: token<RedriveTasks>('RedriveTasks'),
  runTask: token<RunTask>('RunTask'),
  guardRunner: token<GuardRunner>('GuardRunner'),
  sweepTasks: token<SweepTasks>('SweepTasks'),
  findQueues: token<FindQueues>('FindQueues'),
  configureQueue: token<ConfigureQueue>('ConfigureQueue'),
  queueOrders: token<QueueOrders>('QueueOrders'),
};
