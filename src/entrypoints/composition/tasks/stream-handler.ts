import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import type { Logger } from 'pino';
import type { StreamRecord } from '../../../adapters/streams/stream-record.ts';
import { type DecodedTasks, decodeTaskRecords } from '../../../adapters/streams/task-records.ts';
import type { ChangeHandler } from '../../../ports/system.ts';
import type { ActiveQueues, QueueStore, TaskCounts, TaskNotifier } from '../../../ports/tasks.ts';

/** A batch of one shard of the stream. Lambda names the shard to functions that have a tumbling window. */
export interface ShardEvent {
  readonly Records: readonly DynamoDBRecord[];
  readonly shardId: string;
}

/** A function with a window has to bring a state along, and needs none: what it counts is in the table. */
export interface ShardResponse extends DynamoDBBatchResponse {
  readonly state: Readonly<Record<string, never>>;
}

export interface TasksStreamOptions {
  readonly counts: TaskCounts;
  readonly active: Pick<ActiveQueues, 'mark'>;
  readonly logger: Logger;
}

/** For a process that reads the stream itself: counts what happens to tasks, and marks the queues with new ones. */
export const tasksStreamReader = (options: TasksStreamOptions): ChangeHandler<StreamRecord> => ({
  changes: async (records) => void (await take(options, records[0]?.shardId ?? '', records)),
  gap: async () =>
    options.logger.warn(
      'records may have left the stream of tasks unread: sweeps find their tasks, and set the counts right',
    ),
});

export interface TasksStreamHandlerOptions extends TasksStreamOptions {
  readonly queues: Pick<QueueStore, 'get'>;
  readonly wakeUps: TaskNotifier;
}

/**
 * The same for a function, which also calls the processor if the runner of any of these queues has something to do, once
 * for each batch. A batch of which something could not be done comes again as a whole, and counts once all the same.
 * Records that cannot be read are reported one by one: they come again, and go to the on-failure destination in the end.
 */
export const tasksStreamHandler =
  ({ queues, wakeUps, ...options }: TasksStreamHandlerOptions) =>
  async ({ Records, shardId }: ShardEvent): Promise<ShardResponse> => {
    const { due, unreadable } = await take(options, shardId, Records);
    const settings = await Promise.all([...due].map((queue) => queues.get(queue)));
    const waiting = settings.flatMap((queue) => (queue?.runner && !queue.paused ? [queue.queue] : []));
    if (waiting.length > 0) await wakeUps.notify(waiting);
    return { state: {}, batchItemFailures: unreadable.map((itemIdentifier) => ({ itemIdentifier })) };
  };

async function take(
  { counts, active, logger }: TasksStreamOptions,
  shardId: string,
  records: readonly StreamRecord[],
): Promise<DecodedTasks> {
  const decoded = decodeTaskRecords(records);
  const { changes, pending, unreadable } = decoded;
  if (unreadable.length > 0) logger.error({ unreadable }, 'unreadable task records');
  // First of all: workers and sweeps look at marked queues alone.
  await active.mark([...pending]);
  await counts.count(shardId, changes);
  return decoded;
}
