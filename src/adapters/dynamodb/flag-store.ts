import { createHash } from 'node:crypto';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  paginateQuery,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { Flag } from '../../domain/flags/flag.ts';
import {
  entriesOf,
  type FlagChange,
  type FlagSet,
  type FlagSetSummary,
  flagsAfter,
  type HistoryEntry,
  historyKey,
  type Revision,
} from '../../domain/flags/flag-set.ts';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';
import type { FlagStore } from '../../ports/flags.ts';
import { throwStoreError } from './errors.ts';
import { backOff, retry } from './retry.ts';
import { type TableDefinition, tableWithSortKey } from './tables.ts';

export const flagTableDefinition = (name: string): TableDefinition => ({
  ...tableWithSortKey(name),
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  ttlAttribute: 'ttl',
});

type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** What is stored of a set beside its flags. */
interface HeadItem extends FlagSetSummary {
  readonly revision: number;
  readonly updatedAt: number;
  /** How many flags it has. */
  readonly count: number;
  /** The revision and a digest of its flags. Versions that know of none leave that of an earlier revision behind. */
  readonly content?: string;
  readonly isDeleted?: true;
}

interface FlagItem {
  /** JSON: DynamoDB has other numbers, and no order of keys. */
  readonly flag: string;
  /** The revision that put it. */
  readonly since: number;
}

/** All sets have a line in this partition, by which they are listed. */
const LISTED = 'FLAGSETS';
/** The sort key of the item that has a set's revision. */
export const HEAD = 'head';
const FLAG = 'flag#';
const HISTORY = 'history#';
const PARTITION = 'FLAGSET#';
const partitionOf = (setId: string): string => `${PARTITION}${setId}`;
/** The set in whose partition an item lies, if it is one. */
export const setIdIn = (pk: string | undefined): string | undefined =>
  pk?.startsWith(PARTITION) ? pk.slice(PARTITION.length) : undefined;

/** How often a set is read anew that is changed while it is read. */
const MAX_READS = 6;

/** How many items of a set that was deleted are deleted at once. */
const DELETED_AT_ONCE = 20;

/**
 * Items of a set lie in one partition: `head`, `flag#<key>` and `history#<revision>.<index>`. A revision is one transaction
 * on all that it changes, with a condition on the head.
 */
export class DynamoDbFlagStore implements FlagStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async create({ setId, title, createdAt }: FlagSetSummary): Promise<boolean> {
    const summary = { setId, title, createdAt };
    const head = {
      pk: partitionOf(setId),
      sk: HEAD,
      ...summary,
      revision: 0,
      updatedAt: createdAt,
      count: 0,
      content: contentOf(0, []),
    };
    return this.write([
      { Put: { TableName: this.table, Item: head, ConditionExpression: 'attribute_not_exists(pk)' } },
      { Put: { TableName: this.table, Item: { pk: LISTED, sk: setId, ...summary } } },
    ]);
  }

  /**
   * A query sees a transaction in parts while it is being made, in any order:
   *
   *     change:  flag a put ──────── head 7 → 8          change:  head 7 → 8 ──────── flag a put
   *     reader:        head 7 ─ new a ─ ...              reader:        head 8 ─ old a ─ ...
   *
   * so what was read must be what the head before it says of its content.
   */
  async get(setId: string): Promise<FlagSet | undefined> {
    const revisions = new Set<number>();
    for (let read = 1; read <= MAX_READS; read++) {
      const head = await this.head(setId);
      if (!head) return undefined;
      const items = await this.flagItems(setId);
      if (fits(head, items) && (await this.head(setId))?.revision === head.revision) return setOf(head, items);
      revisions.add(head.revision);
      await backOff(read);
    }
    throw storeUnavailable(unreadable(setId, [...revisions]));
  }

  async revision(setId: string): Promise<number | undefined> {
    return (await this.head(setId))?.revision;
  }

  async commit(set: FlagSet, revision: Revision): Promise<boolean> {
    const { changes } = revision;
    const flags = [...flagsAfter(set, changes).values()].map(lineOf);
    const head: Writes[number] = {
      Update: {
        TableName: this.table,
        Key: { pk: partitionOf(set.setId), sk: HEAD },
        UpdateExpression: 'SET revision = :next, updatedAt = :at, #count = :count, content = :content',
        ConditionExpression: 'revision = :seen AND attribute_not_exists(isDeleted)',
        // `count` is a word of the expression language.
        ExpressionAttributeNames: { '#count': 'count' },
        ExpressionAttributeValues: {
          ':next': revision.revision,
          ':at': revision.at,
          ':seen': set.revision,
          ':count': flags.length,
          ':content': contentOf(revision.revision, flags),
        },
      },
    };
    const puts = changes.map((change) => this.flagWrite(set.setId, revision.revision, change));
    const history = entriesOf(revision).map((entry, index): Writes[number] => ({
      Put: {
        TableName: this.table,
        Item: {
          pk: partitionOf(set.setId),
          sk: `${HISTORY}${historyKey(revision.revision, index)}`,
          entry: JSON.stringify(entry),
        },
      },
    }));
    return this.write([head, ...puts, ...history]);
  }

  async delete(setId: string, revision: number): Promise<boolean> {
    return this.write([
      {
        Update: {
          TableName: this.table,
          Key: { pk: partitionOf(setId), sk: HEAD },
          UpdateExpression: 'SET isDeleted = :true',
          ConditionExpression: 'revision = :seen AND attribute_not_exists(isDeleted)',
          ExpressionAttributeValues: { ':true': true, ':seen': revision },
        },
      },
      { Delete: { TableName: this.table, Key: { pk: LISTED, sk: setId } } },
    ]);
  }

  async clear(setId: string): Promise<void> {
    const { Item } = await this.client.send(new GetCommand(this.headOf(setId))).catch(throwStoreError);
    if (!(Item as HeadItem | undefined)?.isDeleted) return;
    for (const prefix of [FLAG, HISTORY])
      for await (const items of this.pagesOf(setId, prefix, 'pk, sk'))
        for (let start = 0; start < items.length; start += DELETED_AT_ONCE) {
          const deletions = items
            .slice(start, start + DELETED_AT_ONCE)
            .map(({ pk, sk }) => new DeleteCommand({ TableName: this.table, Key: { pk, sk } }));
          await Promise.all(deletions.map((each) => retry(() => this.client.send(each))));
        }
  }

  async history(setId: string, { limit, cursor }: PageRequest): Promise<Page<HistoryEntry>> {
    const behind = cursor === undefined ? '~' : sortKeyIn(cursor);
    if (!(await this.head(setId))) return { items: [] };
    const items = await this.historyItems(setId, `${HISTORY}${behind}`, limit + 1);
    const { items: page, ...next } = pageFrom(items, limit, ({ sk }) => String(sk).slice(HISTORY.length));
    return { items: page.map(({ entry }) => entryIn(String(entry))), ...next };
  }

  async list({ limit, cursor }: PageRequest): Promise<Page<FlagSetSummary>> {
    const command = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: cursor === undefined ? 'pk = :pk' : 'pk = :pk AND sk > :behind',
      ExpressionAttributeValues: {
        ':pk': LISTED,
        ...(cursor === undefined ? {} : { ':behind': sortKeyIn(cursor) }),
      },
      ConsistentRead: true,
      Limit: limit + 1,
    });
    const { Items = [] } = await this.client.send(command).catch(throwStoreError);
    const sets = Items.map(({ setId, title, createdAt }) => ({ setId, title, createdAt }) as FlagSetSummary);
    return pageFrom(sets, limit, ({ setId }) => setId);
  }

  private async head(setId: string): Promise<HeadItem | undefined> {
    const { Item } = await this.client.send(new GetCommand(this.headOf(setId))).catch(throwStoreError);
    const head = Item as HeadItem | undefined;
    return head?.isDeleted ? undefined : head;
  }

  private headOf(setId: string) {
    return { TableName: this.table, Key: { pk: partitionOf(setId), sk: HEAD }, ConsistentRead: true };
  }

  private async flagItems(setId: string): Promise<readonly FlagItem[]> {
    const items: FlagItem[] = [];
    for await (const page of this.pagesOf(setId, FLAG)) items.push(...(page as unknown as FlagItem[]));
    return items;
  }

  /** @param attributes all unless said */
  private async *pagesOf(
    setId: string,
    prefix: string,
    attributes?: string,
  ): AsyncGenerator<Record<string, unknown>[]> {
    const pages = paginateQuery(
      { client: this.client },
      {
        TableName: this.table,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': partitionOf(setId), ':prefix': prefix },
        ProjectionExpression: attributes,
        ConsistentRead: true,
      },
    );
    try {
      for await (const { Items = [] } of pages) yield Items;
    } catch (error) {
      throwStoreError(error);
    }
  }

  /** Newest first, before a sort key. */
  private async historyItems(setId: string, before: string, limit: number): Promise<Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    // DynamoDB ends a page at 1 MB, however many items were asked for.
    do {
      const command: QueryCommand = new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :history AND :before',
        ExpressionAttributeValues: { ':pk': partitionOf(setId), ':history': HISTORY, ':before': before },
        ScanIndexForward: false,
        ConsistentRead: true,
        // A range has its end in it, which is left out below.
        Limit: limit + 1 - found.length,
        ExclusiveStartKey,
      });
      const { Items = [], LastEvaluatedKey } = await this.client.send(command).catch(throwStoreError);
      found.push(...Items.filter(({ sk }) => sk !== before));
      ExclusiveStartKey = LastEvaluatedKey;
    } while (ExclusiveStartKey && found.length < limit);
    return found.slice(0, limit);
  }

  private flagWrite(setId: string, since: number, { key, after }: FlagChange): Writes[number] {
    const Key = { pk: partitionOf(setId), sk: `${FLAG}${key}` };
    if (!after) return { Delete: { TableName: this.table, Key } };
    return { Put: { TableName: this.table, Item: { ...Key, flag: lineOf(after), since } } };
  }

  /** @returns false if a condition refused it */
  private async write(writes: Writes): Promise<boolean> {
    // The SDK gives the transaction a token, by which a repeat of one whose answer was lost is known.
    return retry(async () => {
      try {
        await this.client.send(new TransactWriteCommand({ TransactItems: writes }));
        return true;
      } catch (error) {
        if (isRefused(error)) return false;
        throw error;
      }
    });
  }
}

const isRefused = (error: unknown): boolean =>
  error instanceof TransactionCanceledException &&
  (error.CancellationReasons ?? []).some(({ Code }) => Code === 'ConditionalCheckFailed');

/** Whether these are the flags of which a head speaks. */
function fits({ revision, count, content }: HeadItem, items: readonly FlagItem[]): boolean {
  if (content?.startsWith(`${revision} `))
    return (
      content ===
      contentOf(
        revision,
        items.map(({ flag }) => flag),
      )
    );
  return items.length === count && items.every(({ since }) => since <= revision);
}

/** For the log. */
function unreadable(setId: string, [revision, ...others]: readonly number[]): Error {
  if (others.length > 0) return new Error(`the flag set ${setId} was changed each time that it was read`);
  return new Error(
    `the flags of the set ${setId} are not those of its revision ${revision}. If that stays so, somebody has changed items of ` +
      `the table: check them, and remove the attribute "content" of ${partitionOf(setId)}, ${HEAD}`,
  );
}

const lineOf = (flag: Flag): string => JSON.stringify(flag);

/** @param flags each as it is stored, in any order */
const contentOf = (revision: number, flags: readonly string[]): string =>
  `${revision} ${createHash('sha256')
    .update(JSON.stringify([...flags].sort()))
    .digest('base64url')}`;

const setOf = ({ setId, title, createdAt, revision, updatedAt }: HeadItem, items: readonly FlagItem[]): FlagSet => {
  const flags = items.map(({ flag }) => JSON.parse(flag) as Flag);
  return { setId, title, createdAt, revision, updatedAt, flags: new Map(flags.map((flag) => [flag.key, flag])) };
};

/** JSON leaves out what is undefined. */
const entryIn = (text: string): HistoryEntry => ({ before: undefined, after: undefined, ...JSON.parse(text) });
