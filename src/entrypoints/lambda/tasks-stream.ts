import type { Context, DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { beginInvocation } from '../composition/function-logger.ts';
import { countAndNotify } from '../composition/tasks/count-records.ts';
import { streamModule } from '../composition/tasks/function-modules.ts';
import { ports } from '../composition/tasks/tokens.ts';
import { settings } from '../config/tasks.ts';

/** A batch of one shard of the stream. Lambda names the shard to functions that have a tumbling window. */
interface ShardEvent {
  readonly Records: readonly DynamoDBRecord[];
  readonly shardId: string;
}

/** A function with a window has to bring a state along, and needs none: what it counts is in the table. */
interface ShardResponse extends DynamoDBBatchResponse {
  readonly state: Readonly<Record<string, never>>;
}

const container = composeWorker({ settings }, (config) => [dynamoDbModule, streamModule(config)]);
const lifecycle = container.get(system.lifecycle);
const parts = {
  counts: container.get(ports.counts),
  active: container.get(ports.active),
  queues: container.get(ports.queues),
  notifier: container.get(ports.notifier),
  logger: container.get(system.logger),
};

/**
 * The stream of the tasks table, in batches. All times that count are in the records. Unreadable records are reported one
 * by one: they come again, and go to the on-failure destination in the end.
 */
export const handler = async (
  { Records, shardId }: ShardEvent,
  { awsRequestId }: Pick<Context, 'awsRequestId'>,
): Promise<ShardResponse> => {
  beginInvocation({ awsRequestId });
  await lifecycle.resume();
  const { unreadable } = await countAndNotify(parts, shardId, Records);
  return { state: {}, batchItemFailures: unreadable.map((itemIdentifier) => ({ itemIdentifier })) };
};
