import type { StreamRecord } from '../../../adapters/dynamodb/streams/stream-record.ts';
import type { SnsTaskNotifier } from '../../../adapters/sns/task-notifier.ts';
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
import type { InternalWork } from '../../worker/internal-runner.ts';
import { token } from '../token.ts';

export const ports = {
  counts: token<TaskCounts>('TaskCounts'),
  records: token<ChangeFeed<StreamRecord>>('TaskRecords'),
  tasks: token<TaskStore>('TaskStore'),
  queues: token<QueueStore>('QueueStore'),
  active: token<ActiveQueues>('ActiveQueues'),
  notifier: token<TaskNotifier>('TaskNotifier'),
  notifications: token<TaskNotifications>('TaskNotifications'),
  runner: token<TaskRunner>('TaskRunner'),
  /** What runs within the service, by the name behind `portside:`. */
  internalWork: token<ReadonlyMap<string, InternalWork>>('InternalWork'),
};

/** Bound in the functions that work for the fleet, and nowhere else. */
export const fleet = {
  lease: token<FleetLease>('FleetLease'),
  topic: token<SnsTaskNotifier>('SnsTaskNotifier'),
};
