import type { Logger } from 'pino';
import type { StreamRecord } from '../../../adapters/dynamodb/streams/stream-record.ts';
import { type DecodedTasks, decodeTaskRecords } from '../../../adapters/dynamodb/streams/task-records.ts';
import type { ChangeHandler, Meter } from '../../../ports/system.ts';
import type { ActiveQueues, QueueStore, TaskCounts, TaskNotifier } from '../../../ports/tasks.ts';

export interface CountingParts {
  readonly counts: TaskCounts;
  readonly active: Pick<ActiveQueues, 'mark'>;
  readonly logger: Logger;
}

/** For a process that reads the stream itself: counts what happens to tasks, and marks the queues with new ones. */
export const tasksStreamReader = (parts: CountingParts & { readonly meter: Meter }): ChangeHandler<StreamRecord> => ({
  changes: async (records) => {
    const { changes } = await countRecords(parts, records[0]?.shardId ?? '', records);
    // A function's reading shows in its invocations.
    if (changes.length > 0) parts.meter.record('TaskChanges', changes.length, 'Count');
  },
  gap: async () =>
    parts.logger.warn(
      'records may have left the stream of tasks unread: sweeps find their tasks, and set the counts right',
    ),
});

export interface ProcessedParts extends CountingParts {
  readonly queues: Pick<QueueStore, 'get'>;
  readonly notifier: TaskNotifier;
}

/**
 * The same for a function, which also notifies the processor if the runner of any of these queues has something to do,
 * once for each batch. If it rejects, the batch comes again as a whole, and counts once all the same.
 *
 * @returns what was in the batch; unreadable records are logged and left out
 */
export async function countAndNotify(
  { queues, notifier, ...parts }: ProcessedParts,
  shardId: string,
  records: readonly StreamRecord[],
): Promise<DecodedTasks> {
  const decoded = await countRecords(parts, shardId, records);
  const settings = await Promise.all([...decoded.due].map((queue) => queues.get(queue)));
  const waiting = settings.flatMap((queue) => (queue?.runner && !queue.paused ? [queue.queue] : []));
  if (waiting.length > 0) await notifier.notify(waiting);
  return decoded;
}

async function countRecords(
  { counts, active, logger }: CountingParts,
  shardId: string,
  records: readonly StreamRecord[],
): Promise<DecodedTasks> {
  const decoded = decodeTaskRecords(records);
  const { changes, pending, unreadable } = decoded;
  if (unreadable.length > 0) logger.error({ unreadable }, 'unreadable task records');
  // First of all: workers and sweeps poll marked queues alone.
  await active.mark([...pending]);
  await counts.count(shardId, changes);
  return decoded;
}
