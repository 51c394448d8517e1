import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { Logger } from 'pino';
import { decodeTaskRecords } from '../../../adapters/streams/task-records.ts';
import type { Clock } from '../../../ports/system.ts';
import type { WakeUps } from '../../../ports/tasks.ts';

export interface TasksStreamOptions {
  readonly wakeUps: Pick<WakeUps, 'notify'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Wakes each queue that a batch of the tasks table's stream has new tasks for. A signal that is lost comes with a sweep. */
export const tasksStreamHandler =
  ({ wakeUps, clock, logger }: TasksStreamOptions) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<void> => {
    const { queues, unreadable } = decodeTaskRecords(Records, clock.now());
    if (unreadable > 0) logger.error({ unreadable }, 'unreadable task records');
    await Promise.all(queues.map((queue) => wakeUps.notify(queue)));
  };
