import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { concurrently } from '../../domain/shared/concurrently.ts';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { LimitCounts, TakeCounts } from '../../ports/limits.ts';
import type { Clock, Ids } from '../../ports/system.ts';
import { passIfRefused, throwStoreError } from './errors.ts';
import { countsPartition, ttlOf } from './limit-tables.ts';
import { PARALLEL_REQUESTS } from './parallel-requests.ts';

/** What processes have stored that have been silent for so long is merged into one item, ms. */
const SILENT_MS = 600_000;
const BASE = 'BASE';
const PROCESSES = 'PROCESSES';
/** So many of them at most are merged with one flush, one after the other. */
const MERGES = 5;
/** DynamoDB takes no more in one batch. */
const BATCH = 25;
/** How often a process that takes says so, and looks who else does, ms. */
const PRESENT_MS = 30_000;

interface Totals {
  readonly allowed: number;
  readonly refused: number;
  readonly degraded: number;
}

const none: Totals = { allowed: 0, refused: 0, degraded: 0 };
const NAMES = ['allowed', 'refused', 'degraded'] as const;

interface CountsItem extends Totals {
  readonly pk: string;
  readonly sk: string;
  /** When it was written last, epoch ms. */
  readonly at: number;
}

interface Deletion {
  readonly DeleteRequest: { readonly Key: { readonly pk: string; readonly sk: string } };
}

/** What this process has counted of a policy. */
interface Own {
  name: string;
  totals: Totals;
  /** What was sent last, whatever came of it. */
  sent: Totals;
  /** Whether the last answer was lost: what was sent may have been stored, and is sent again. */
  isUnsure: boolean;
  isNew: boolean;
}

/**
 * Each process has an item for each policy with its own totals, which only rise: to store them again counts nothing twice.
 * The items of processes that are gone are merged into one.
 */
export class DynamoDbLimitCounts implements LimitCounts {
  private readonly own = new Map<string, Own>();
  private readonly process: string;
  private seenProcesses = 1;
  private presentAt = Number.NEGATIVE_INFINITY;
  private isPresent = false;
  /** Items of processes that are gone, as they were read last. */
  private gone: readonly CountsItem[] = [];

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    this.process = ids.next();
  }

  bePresent(): void {
    this.isPresent = true;
  }

  add(policyId: string, counts: TakeCounts): void {
    const own = this.own.get(policyId) ?? {
      name: this.ids.next(),
      totals: none,
      sent: none,
      isUnsure: false,
      isNew: true,
    };
    own.totals = sum(own.totals, counts);
    this.own.set(policyId, own);
  }

  async flush(): Promise<void> {
    const changed = [...this.own].filter(([, { totals, sent, isUnsure }]) => isUnsure || !isSame(totals, sent));
    if (changed.length === 0 && !this.isPresent && this.gone.length === 0) return;
    const now = this.clock.now();
    await concurrently(PARALLEL_REQUESTS, changed, ([policyId, own]) => this.store(policyId, own, now));
    if (this.isPresent && now - this.presentAt >= PRESENT_MS) await this.announce(now);
    const merging = this.gone.slice(0, MERGES);
    this.gone = this.gone.slice(MERGES);
    for (const item of merging) await this.merge(item);
  }

  async read(policyIds: readonly string[]): Promise<ReadonlyMap<string, TakeCounts>> {
    const now = this.clock.now();
    const read = await concurrently(PARALLEL_REQUESTS, policyIds, async (policyId) => {
      const items = await this.query(countsPartition(policyId));
      return [policyId, items] as const;
    });
    this.gone = read.flatMap(([, items]) => items.filter(({ sk, at }) => sk !== BASE && at < now - SILENT_MS));
    return new Map(read.map(([policyId, items]) => [policyId, items.reduce<Totals>(sum, none)]));
  }

  async remove(policyId: string): Promise<void> {
    const items = await this.query(countsPartition(policyId));
    const deletions = items.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } } }));
    const batches = Array.from({ length: Math.ceil(deletions.length / BATCH) }, (_, index) =>
      deletions.slice(index * BATCH, (index + 1) * BATCH),
    );
    await concurrently(PARALLEL_REQUESTS, batches, (batch) => this.deleteAll(batch));
  }

  processes(): number {
    return this.seenProcesses;
  }

  private async store(policyId: string, own: Own, now: number): Promise<void> {
    const { totals } = own;
    const lastSent = own.sent;
    Object.assign(own, { sent: totals, isUnsure: false });
    const update = storeTotals(this.table, policyId, own, now);
    try {
      const stored = await this.client.send(new UpdateCommand(update)).catch(passIfRefused);
      if (stored) own.isNew = false;
      // An answer that was lost had stored it.
      else if (own.isNew) Object.assign(own, { isNew: false, isUnsure: true });
      // Silent for so long that the item was merged: what was sent is in it, and what came since begins another.
      else Object.assign(own, { name: this.ids.next(), isNew: true, sent: none, totals: minus(own.totals, lastSent) });
    } catch (error) {
      own.isUnsure = true;
      throwStoreError(error);
    }
  }

  private async announce(now: number): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.table,
      Key: { pk: PROCESSES, sk: this.process },
      UpdateExpression: 'SET #at = :at, #ttl = :ttl',
      ExpressionAttributeNames: { '#at': 'at', '#ttl': 'ttl' },
      ExpressionAttributeValues: { ':at': now, ':ttl': ttlOf(now + PRESENT_MS) },
    });
    await this.client.send(command).catch(throwStoreError);
    const present = (await this.query(PROCESSES)).filter(({ at }) => at > now - 2 * PRESENT_MS);
    this.seenProcesses = Math.max(1, present.length);
    this.presentAt = now;
  }

  private async deleteAll(batch: readonly Deletion[]): Promise<void> {
    const command = new BatchWriteCommand({ RequestItems: { [this.table]: [...batch] } });
    const { UnprocessedItems } = await this.client.send(command).catch(throwStoreError);
    if (UnprocessedItems?.[this.table]) throw storeUnavailable(new Error('not all counts could be deleted'));
  }

  private async query(pk: string): Promise<readonly CountsItem[]> {
    const items: CountsItem[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        ...(start && { ExclusiveStartKey: start }),
      });
      const { Items = [], LastEvaluatedKey } = await this.client.send(command).catch(throwStoreError);
      items.push(...(Items as CountsItem[]));
      start = LastEvaluatedKey;
    } while (start);
    return items;
  }

  private async merge(item: CountsItem): Promise<void> {
    const command = new TransactWriteCommand(mergeTotals(this.table, item));
    await this.client.send(command).catch((error) => {
      // Another process does, or its own has come back.
      if (!(error instanceof TransactionCanceledException)) throwStoreError(error);
    });
  }
}

const sum = (one: Totals, other: Totals): Totals => ({
  allowed: one.allowed + other.allowed,
  refused: one.refused + other.refused,
  degraded: one.degraded + other.degraded,
});

const minus = (one: Totals, other: Totals): Totals => ({
  allowed: one.allowed - other.allowed,
  refused: one.refused - other.refused,
  degraded: one.degraded - other.degraded,
});

const isSame = (one: Totals, other: Totals): boolean => NAMES.every((name) => one[name] === other[name]);

function storeTotals(table: string, policyId: string, { name, totals, isNew }: Own, now: number): UpdateCommandInput {
  return {
    TableName: table,
    Key: { pk: countsPartition(policyId), sk: name },
    UpdateExpression: 'SET #at = :at, #allowed = :allowed, #refused = :refused, #degraded = :degraded',
    ConditionExpression: isNew ? 'attribute_not_exists(pk)' : 'attribute_exists(pk)',
    ExpressionAttributeNames: { '#at': 'at', '#allowed': 'allowed', '#refused': 'refused', '#degraded': 'degraded' },
    ExpressionAttributeValues: {
      ':at': now,
      ':allowed': totals.allowed,
      ':refused': totals.refused,
      ':degraded': totals.degraded,
    },
  };
}

/** Removes an item while it is as it was seen, and adds what it held to the one of all that are gone. */
const mergeTotals = (table: string, { pk, sk, at, ...totals }: CountsItem): TransactWriteCommandInput => ({
  TransactItems: [
    {
      Delete: {
        TableName: table,
        Key: { pk, sk },
        ConditionExpression: '#at = :at',
        ExpressionAttributeNames: { '#at': 'at' },
        ExpressionAttributeValues: { ':at': at },
      },
    },
    {
      Update: {
        TableName: table,
        Key: { pk, sk: BASE },
        UpdateExpression: 'ADD #allowed :allowed, #refused :refused, #degraded :degraded',
        ExpressionAttributeNames: { '#allowed': 'allowed', '#refused': 'refused', '#degraded': 'degraded' },
        ExpressionAttributeValues: {
          ':allowed': totals.allowed,
          ':refused': totals.refused,
          ':degraded': totals.degraded,
        },
      },
    },
  ],
});
