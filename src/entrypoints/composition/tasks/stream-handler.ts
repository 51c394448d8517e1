import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { Logger } from 'pino';
import { decodeTaskRecords } from '../../../adapters/streams/task-records.ts';
import type { WakeUps } from '../../../ports/tasks.ts';

export interface TasksStreamOptions {
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
}

/**
 * Wakes each queue that a batch of the tasks table's stream has new tasks for. Records whose queue could not be woken, and
 * those that cannot be read, are reported one by one: they come again, and go to the on-failure destination in the end.
 */
export const tasksStreamHandler =
  ({ wakeUps, logger }: TasksStreamOptions) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const { due, unreadable } = decodeTaskRecords(Records);
    if (unreadable.length > 0) logger.error({ unreadable }, 'unreadable task records');
    const wake = async (queue: string, sequenceNumbers: readonly string[]): Promise<readonly string[]> => {
      try {
        await wakeUps.notify(queue);
        return [];
      } catch (error) {
        logger.error({ err: error, queue }, 'waking a queue failed; its records come again');
        return sequenceNumbers;
      }
    };
    const unheard = await Promise.all([...due].map(([queue, sequenceNumbers]) => wake(queue, sequenceNumbers)));
    return { batchItemFailures: [unreadable, ...unheard].flat().map((itemIdentifier) => ({ itemIdentifier })) };
  };
