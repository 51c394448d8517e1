import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { LimitPolicy, LimitSettings } from '../../domain/limits/policy.ts';
import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';
import type { LimitPolicyStore } from '../../ports/limits.ts';
import { passIfRefused, throwStoreError } from './errors.ts';
import { DELETED, POLICIES, policyKey } from './limit-tables.ts';

/** With all of the SDK's attempts. */
const ANSWER_TIMEOUT_MS = 2_000;
/** Of the items, for what reads them later. */
const FORMAT = 1;

interface PolicyItem {
  readonly sk: string;
  readonly version: number;
  readonly settings: LimitSettings;
  readonly resets?: number;
}

/** All policies lie in one partition, by id. */
export class DynamoDbLimitPolicyStore implements LimitPolicyStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async get(policyId: string): Promise<LimitPolicy | undefined> {
    const command = new GetCommand({ TableName: this.table, Key: policyKey(policyId), ConsistentRead: true });
    const { Item } = await this.client.send(command, deadlineSignal()).catch(throwStoreError);
    return Item && policyIn(Item as PolicyItem);
  }

  async replace(policyId: string, seen: LimitPolicy | undefined, settings: LimitSettings, now: number) {
    const earlier = seen ? seen.version : await this.latestDeleted();
    const version = Math.max(now, earlier + 1);
    const update = replacePolicy(this.table, policyId, seen, settings, version);
    const sent = await this.client
      .send(new UpdateCommand(update), deadlineSignal())
      .catch(passIfRefused)
      .catch(throwStoreError);
    return sent?.Attributes && policyIn(sent.Attributes as PolicyItem);
  }

  async delete({ policyId, version }: LimitPolicy): Promise<boolean> {
    // First: if the deletion fails, only a number is later than it need be.
    await this.noteDeleted(version);
    const isAsSeen = '#version = :version';
    const command = new DeleteCommand({
      TableName: this.table,
      Key: policyKey(policyId),
      ConditionExpression: isAsSeen,
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': version },
    });
    const sent = await this.client.send(command, deadlineSignal()).catch(passIfRefused).catch(throwStoreError);
    return sent !== undefined;
  }

  private async latestDeleted(): Promise<number> {
    const command = new GetCommand({ TableName: this.table, Key: DELETED, ConsistentRead: true });
    const { Item } = await this.client.send(command, deadlineSignal()).catch(throwStoreError);
    return (Item?.version as number | undefined) ?? 0;
  }

  private async noteDeleted(version: number): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.table,
      Key: DELETED,
      UpdateExpression: 'SET #version = :version',
      ConditionExpression: 'attribute_not_exists(pk) OR #version < :version',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': version },
    });
    await this.client.send(command, deadlineSignal()).catch(passIfRefused).catch(throwStoreError);
  }

  async noteReset(policyId: string): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.table,
      Key: policyKey(policyId),
      UpdateExpression: 'ADD #resets :one',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeNames: { '#resets': 'resets' },
      ExpressionAttributeValues: { ':one': 1 },
    });
    try {
      await this.client.send(command, deadlineSignal());
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throwStoreError(error);
    }
  }

  async list({ limit, cursor }: PageRequest): Promise<Page<LimitPolicy>> {
    const command = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: cursor === undefined ? 'pk = :pk' : 'pk = :pk AND sk > :cursor',
      ExpressionAttributeValues: { ':pk': POLICIES, ...(cursor === undefined ? {} : { ':cursor': sortKeyIn(cursor) }) },
      ConsistentRead: true,
      Limit: limit + 1,
    });
    const { Items = [] } = await this.client.send(command, deadlineSignal()).catch(throwStoreError);
    return pageFrom((Items as PolicyItem[]).map(policyIn), limit, ({ policyId }) => policyId);
  }
}

const deadlineSignal = () => ({ abortSignal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });

const policyIn = ({ sk, version, settings, resets = 0 }: PolicyItem): LimitPolicy => ({
  policyId: sk,
  ...settings,
  version,
  resets,
});

function replacePolicy(
  table: string,
  policyId: string,
  seen: LimitPolicy | undefined,
  settings: LimitSettings,
  version: number,
): UpdateCommandInput {
  return {
    TableName: table,
    Key: policyKey(policyId),
    UpdateExpression: 'SET #version = :version, #settings = :settings, #format = :format',
    ConditionExpression: seen ? '#version = :seen' : 'attribute_not_exists(pk)',
    ExpressionAttributeNames: { '#version': 'version', '#settings': 'settings', '#format': 'format' },
    ExpressionAttributeValues: {
      ':version': version,
      ':settings': settings,
      ':format': FORMAT,
      ...(seen && { ':seen': seen.version }),
    },
    ReturnValues: 'ALL_NEW',
  };
}
