import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import type { Logger } from 'pino';
import type { StreamRecord } from '../../../adapters/streams/stream-record.ts';
import { type DecodedTasks, decodeTaskRecords } from '../../../adapters/streams/task-records.ts';
import type { ChangeHandler } from '../../../ports/system.ts';
import type { TaskCounts, WakeUps } from '../../../ports/tasks.ts';

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
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
}

/**
 * Counts what a batch of the tasks table's stream tells, and wakes each queue that has something to claim. A batch that
 * could not be counted comes again as a whole, and counts once all the same. Records whose queue could not be woken, and
 * those that cannot be read, are reported one by one: they come again, and go to the on-failure destination in the end.
 */
export const tasksStreamHandler =
  ({ counts, wakeUps, logger }: TasksStreamOptions) =>
  async ({ Records, shardId }: ShardEvent): Promise<ShardResponse> => {
    const decoded = decodeTaskRecords(Records);
    await counts.count(shardId, decoded.changes);
    tellUnreadable(logger, decoded);
    const wake = async (queue: string, sequenceNumbers: readonly string[]): Promise<readonly string[]> => {
      try {
        await wakeUps.notify(queue);
        return [];
      } catch (error) {
        logger.error({ err: error, queue }, 'waking a queue failed; its records come again');
        return sequenceNumbers;
      }
    };
    const unheard = await Promise.all([...decoded.due].map(([queue, records]) => wake(queue, records)));
    return {
      state: {},
      batchItemFailures: [decoded.unreadable, ...unheard].flat().map((itemIdentifier) => ({ itemIdentifier })),
    };
  };

/** The same for a process that reads the stream itself. */
export const tasksStreamReader = ({ counts, wakeUps, logger }: TasksStreamOptions): ChangeHandler<StreamRecord> => ({
  changes: async (records) => {
    const decoded = decodeTaskRecords(records);
    tellUnreadable(logger, decoded);
    await counts.count(records[0]?.shardId ?? '', decoded.changes);
    for (const queue of decoded.due.keys()) void wakeUps.notify(queue).catch(() => undefined);
  },
  gap: async () =>
    logger.warn('records may have left the stream of tasks before anybody counted them: sweeps set the counts right'),
});

function tellUnreadable(logger: Logger, { unreadable }: DecodedTasks): void {
  if (unreadable.length > 0) logger.error({ unreadable }, 'unreadable task records');
}
