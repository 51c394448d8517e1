import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { isReadOnly, type Poll, pollStatus } from '../../domain/votes/poll.ts';
import { batchGet } from './batch-get.ts';
import { throwStoreError } from './errors.ts';
import { pollIdIn, pollKey } from './poll-store.ts';

/**
 * Polls of the first release that are not closed. The list of polls is read from its oldest end up to the first poll of
 * this release, so that later polls cost nothing, however many there are.
 *
 * @param table of polls
 * @param now epoch ms
 * @returns their ids, oldest first
 * @throws DomainError `STORE_UNAVAILABLE`
 */
export async function unfinishedPollsOfFirstRelease(
  client: DynamoDBDocumentClient,
  table: string,
  now: number,
): Promise<readonly string[]> {
  const found: string[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  let isAllOld: boolean;
  do {
    const command = new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'pk = :polls',
      ExpressionAttributeValues: { ':polls': 'POLLS' },
      ConsistentRead: true,
      Limit: 100,
      ExclusiveStartKey,
    });
    const { Items = [], LastEvaluatedKey } = await client.send(command).catch(throwStoreError);
    const keys = Items.map(({ sk }) => pollKey(pollIdIn(sk)));
    const polls = (await batchGet(client, table, keys)).map(({ poll }) => poll as Poll);
    const old = polls.filter(isReadOnly).sort((one, other) => one.createdAt - other.createdAt);
    found.push(...old.filter((poll) => pollStatus(poll, now) !== 'closed').map(({ pollId }) => pollId));
    isAllOld = old.length === polls.length;
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey && isAllOld);
  return found;
}
