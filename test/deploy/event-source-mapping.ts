import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import { readStream, type ShardRecord } from '../helpers/stream-records.ts';
import { clientOptions, type DeployedStack, roleOf } from './deployed-stack.ts';
import { ACCOUNT, type MiniStack } from './ministack.ts';

/**
 * Plays Lambda's part between a stream and a function, from the start of the stream to its present end, as the mapping
 * in the stack says. The emulator's own mapping knows filters and batches, but neither partial responses nor bisecting
 * nor the end of retries. What fails is put aside with the rights of the function's role.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 * @returns the access key under which it called
 */
export async function playMapping(aws: MiniStack, stack: DeployedStack, functionName: string): Promise<string> {
  const credentials = await stack.credentialsOf(roleOf(functionName));
  const mapping = await stack.mappingOf(functionName);
  const table = mapping.EventSourceArn?.split('/')[1] as string;
  const { EventSourceArn, BatchSize = 100, MaximumRetryAttempts = 0 } = mapping;
  const sqs = new SQSClient({ ...clientOptions(aws.recorder.endpoint), credentials });

  const setAside = async ([record]: readonly DynamoDBRecord[]): Promise<void> => {
    const queue = mapping.DestinationConfig?.OnFailure?.Destination?.split(':').at(-1);
    const QueueUrl = `${aws.recorder.endpoint}/${ACCOUNT}/${queue}`;
    const sequenceNumber = record?.dynamodb?.SequenceNumber;
    const MessageBody = JSON.stringify({
      requestContext: { functionArn: mapping.FunctionArn, condition: 'RetryAttemptsExhausted' },
      DDBStreamBatchInfo: {
        startSequenceNumber: sequenceNumber,
        endSequenceNumber: sequenceNumber,
        batchSize: 1,
        streamArn: EventSourceArn,
      },
    });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  };

  /** Halves what fails as a whole, until one record is left that is tried to the end. */
  const deliver = async (records: readonly ShardRecord[], attempt = 0): Promise<void> => {
    if (records.length === 0) return;
    const failed = await firstFailure(stack, functionName, records);
    if (failed < 0) return;
    if (failed > 0) return deliver(records.slice(failed));
    if (records.length > 1) {
      const half = Math.ceil(records.length / 2);
      await deliver(records.slice(0, half));
      await deliver(records.slice(half));
    } else if (attempt < MaximumRetryAttempts) await deliver(records, attempt + 1);
    else await setAside(records);
  };

  const records = await readStream(stack.tables, new DynamoDBStreamsClient(clientOptions(aws.endpoint)), table);
  const wanted = records.filter((record) => passes(mapping, record));
  for (const shard of new Set(wanted.map(({ shardId }) => shardId))) {
    const inShard = wanted.filter(({ shardId }) => shardId === shard);
    for (let start = 0; start < inShard.length; start += BatchSize)
      await deliver(inShard.slice(start, start + BatchSize));
  }
  return credentials.accessKeyId;
}

/** @returns the place of the first record that was not handled; -1 if all were */
async function firstFailure(
  stack: DeployedStack,
  functionName: string,
  Records: readonly ShardRecord[],
): Promise<number> {
  const event = { Records, shardId: Records[0]?.shardId };
  const answer = await stack.invoke<DynamoDBBatchResponse>(functionName, event).catch(() => undefined);
  if (!answer) return 0;
  const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return Records.findIndex(({ dynamodb }) => failed.has(dynamodb?.SequenceNumber as string));
}

type Pattern = Readonly<Record<string, unknown>> | readonly string[];

const passes = ({ FilterCriteria }: EventSourceMappingConfiguration, record: object): boolean =>
  (FilterCriteria?.Filters ?? []).some(({ Pattern }) => fits(JSON.parse(Pattern as string) as Pattern, record));

const fits = (pattern: Pattern, value: unknown): boolean =>
  Array.isArray(pattern)
    ? pattern.includes(value)
    : Object.entries(pattern).every(([name, inner]) =>
        fits(inner as Pattern, (value as Readonly<Record<string, unknown>> | undefined)?.[name]),
      );
