import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { NO_POLICIES, type Policy, type PolicySet } from '../../domain/access/policy.ts';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { PolicyStore } from '../../ports/access.ts';
import { isContention, throwStoreError } from './errors.ts';
import { backOff } from './retry.ts';
import { type TableDefinition, tableWithSortKey } from './tables.ts';

/** With all of the SDK's attempts. */
const ANSWER_TIMEOUT_MS = 1_800;
const MAX_READS = 8;

const pk = 'POLICY';
/** No subject sorts like it. */
const VERSION_KEY = { pk, sk: '!VERSION' };

export const policyTableDefinition = (name: string): TableDefinition => tableWithSortKey(name);

/** What is stored of all policies together. */
interface VersionItem {
  readonly version: number;
  /** Names the policies of this version. */
  readonly digest: string;
}

/** An item for each policy, and one that names the version of all of them. One transaction writes both. */
export class DynamoDbPolicyStore implements PolicyStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async get(subject: string): Promise<Policy | undefined> {
    const command = new GetCommand({ TableName: this.table, Key: { pk, sk: subject }, ConsistentRead: true });
    const { Item } = await this.client.send(command, deadline()).catch(throwStoreError);
    return Item && policyOf(Item as PolicyItem);
  }

  async version(): Promise<number> {
    return (await this.versionItem(deadline())).version;
  }

  /**
   * A query may see one item of a transaction and not yet the other. The digest tells: it is that of the policies which
   * belong to the version.
   *
   *     change:   !VERSION 7 ───────── item of 7
   *     read:                !VERSION 7 ── items, without that of 7: another digest ── reads again
   */
  async read(): Promise<PolicySet> {
    const inTime = deadline();
    for (let attempt = 1; attempt <= MAX_READS; attempt++) {
      const { version, digest } = await this.versionItem(inTime);
      const policies = await this.items(inTime);
      if (digestOf(policies) === digest) return { version, policies };
      await backOff(attempt);
    }
    throw storeUnavailable(new Error(`the policies changed while they were read, ${MAX_READS} times in a row`));
  }

  async change(seen: PolicySet, subject: string, policy: Policy | undefined): Promise<boolean> {
    const command = new TransactWriteCommand(changeIfUnchanged(this.table, seen, subject, policy));
    try {
      // The SDK names the transaction, so that an attempt whose answer was lost is not made twice.
      await this.client.send(command, deadline());
      return true;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) return throwStoreError(error);
      const isLost = error.CancellationReasons?.some(({ Code }) => Code === 'ConditionalCheckFailed');
      if (!isLost && !isContention(error)) throw error;
      if (!isLost) await backOff(1);
      return false;
    }
  }

  async postpone({ subject, revision, effectiveBy }: Policy): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.table,
      Key: { pk, sk: subject },
      UpdateExpression: 'SET effectiveBy = :effectiveBy',
      ConditionExpression: 'revision = :revision',
      ExpressionAttributeValues: { ':effectiveBy': effectiveBy, ':revision': revision },
    });
    await this.client.send(command, deadline()).catch((error) => {
      if (!(error instanceof ConditionalCheckFailedException)) throwStoreError(error);
    });
  }

  private async versionItem(inTime: Deadline): Promise<VersionItem> {
    const command = new GetCommand({ TableName: this.table, Key: VERSION_KEY, ConsistentRead: true });
    const { Item } = await this.client.send(command, inTime).catch(throwStoreError);
    return (Item as VersionItem | undefined) ?? { version: NO_POLICIES.version, digest: digestOf([]) };
  }

  private async items(inTime: Deadline): Promise<Policy[]> {
    const found: Policy[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined = VERSION_KEY;
    while (ExclusiveStartKey) {
      const command: QueryCommand = new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        ConsistentRead: true,
        ExclusiveStartKey,
      });
      const { Items = [], LastEvaluatedKey } = await this.client.send(command, inTime).catch(throwStoreError);
      found.push(...(Items as PolicyItem[]).map(policyOf));
      ExclusiveStartKey = LastEvaluatedKey;
    }
    return found;
  }
}

type PolicyItem = Omit<Policy, 'subject'> & { readonly sk: string };

const policyOf = ({ sk, allow, deny, revision, effectiveBy }: PolicyItem): Policy => ({
  subject: sk,
  allow,
  deny,
  revision,
  effectiveBy,
});

const itemOf = ({ subject, ...rest }: Policy): PolicyItem & { readonly pk: string } => ({ pk, sk: subject, ...rest });

/** The same for two sets with the same subjects at the same revisions; no revision has two contents. */
function digestOf(policies: readonly Policy[]): string {
  const lines = policies.map(({ subject, revision }) => JSON.stringify([subject, revision])).sort();
  return createHash('sha256').update(lines.join('\n')).digest('base64url');
}

type Deadline = { readonly abortSignal: AbortSignal };
const deadline = (): Deadline => ({ abortSignal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });

function changeIfUnchanged(
  TableName: string,
  { version, policies }: PolicySet,
  subject: string,
  policy: Policy | undefined,
): TransactWriteCommandInput {
  const others = policies.filter((other) => other.subject !== subject);
  const item: VersionItem = { version: version + 1, digest: digestOf(policy ? [...others, policy] : others) };
  const isUnchanged =
    version === NO_POLICIES.version
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: '#version = :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': version },
        };
  return {
    TransactItems: [
      { Put: { TableName, Item: { ...VERSION_KEY, ...item }, ...isUnchanged } },
      policy ? { Put: { TableName, Item: itemOf(policy) } } : { Delete: { TableName, Key: { pk, sk: subject } } },
    ],
  };
}
