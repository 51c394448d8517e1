import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';

/** A record as Lambda hands it to a function, with the shard from which it came. */
export type ShardRecord = DynamoDBRecord & { readonly shardId: string };

/** Everything that the stream of a table holds, in the form in which Lambda hands it to a function. */
export async function readStream(
  client: DynamoDBDocumentClient,
  streams: DynamoDBStreamsClient,
  table: string,
): Promise<ShardRecord[]> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
  const StreamArn = Table?.LatestStreamArn;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const records: ShardRecord[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const first = new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
    let iterator = (await streams.send(first)).ShardIterator;
    while (iterator !== undefined) {
      const { Records = [], NextShardIterator } = await streams.send(
        new GetRecordsCommand({ ShardIterator: iterator }),
      );
      records.push(
        ...Records.map((record) => ({
          ...(JSON.parse(JSON.stringify(record)) as DynamoDBRecord),
          dynamodb: {
            ...(JSON.parse(JSON.stringify(record.dynamodb)) as DynamoDBRecord['dynamodb']),
            ApproximateCreationDateTime: Number(record.dynamodb?.ApproximateCreationDateTime) / 1_000,
          },
          eventSourceARN: StreamArn as string,
          shardId: ShardId as string,
        })),
      );
      iterator = Records.length > 0 ? NextShardIterator : undefined;
    }
  }
  return records;
}
