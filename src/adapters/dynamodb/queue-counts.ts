import { createHash } from 'node:crypto';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { concurrently } from '../../domain/shared/concurrently.ts';
import { type Counters, noCounts } from '../../domain/tasks/queue-stats.ts';
import type { Clock } from '../../ports/system.ts';
import type { TaskChange, TaskCounts } from '../../ports/tasks.ts';
import { type CountedChanges, nothingCounted, rateIn, withChanges } from './counted-changes.ts';
import { passIfRefused, throwStoreError } from './errors.ts';
import { PARALLEL_REQUESTS } from './parallel-requests.ts';
import { ANNOUNCED_MS, type Announcement, type Changes, type Known, Reservations } from './reservations.ts';
import { retry } from './retry.ts';

/** Counts of a queue, from all records of the stream so far. */
export interface QueueCounts {
  readonly counters: Counters;
  /** PENDING and TAKEN tasks. */
  readonly open: number;
  readonly taken: number;
  readonly throughputPerSecond: number | undefined;
  /** When the newest record was made that is counted, epoch ms. */
  readonly countedAt: number;
}

const NAMES = Object.keys(noCounts) as (keyof Counters)[];
const partition = (queue: string) => `QUEUE#${queue}`;
const TOTAL = 'COUNTS';
const partKey = (queue: string, shardId: string) => ({ pk: partition(queue), sk: `${TOTAL}#${shardId}` });
/** The first release had one item for each queue, under this key. What old shards of the stream have brought joins it. */
const totalKey = (queue: string) => ({ pk: partition(queue), sk: TOTAL });
const processKey = (queue: string, by: string) => ({ pk: partition(queue), sk: `BY#${by}` });

/** A stream keeps its records for a day; none of a shard whose last one is older comes again. */
const MERGED_AFTER_MS = 2 * 86_400_000;
/** Records, and what the index shows, are no older than this once nothing has happened for as long, ms. */
const QUIET_MS = 60_000;
/** The most that the stream lags behind the index, ms. */
const ON_ITS_WAY_MS = 10_000;
/** Refusals that a process has stored are merged into the total after this long, ms. */
const PROCESS_KEPT_MS = 3_600_000;

/** The counts that a process has stored, and when, epoch ms. */
interface StoredAnnouncement extends Announcement {
  readonly at: number;
}

type Total = Partial<Counters> & {
  readonly taken?: number;
  /** What was counted when the counts were last held to what the queue holds: see {@link stateOf}. */
  readonly held?: string;
  readonly suspected?: Suspicion;
};

/** The queue held these tasks, and the counts of that state said otherwise. */
interface Suspicion extends OpenTasks {
  readonly state: string;
  /** Epoch ms. */
  readonly at: number;
}

/** Tasks of a queue that are PENDING or TAKEN. */
export interface OpenTasks {
  readonly all: number;
  readonly taken: number;
}

/** All that is stored of the counts of a queue. */
interface Stored {
  readonly total: Total;
  readonly parts: ReadonlyMap<string, CountedChanges>;
  readonly announced: ReadonlyMap<string, StoredAnnouncement>;
}

/**
 * Counts of queues. They are made of the records in the stream of the tasks table, each counted once however often it
 * comes: what a shard of the stream has brought is one item, which says up to which record. So they are exact as soon as
 * all records are read, whatever has crashed and whatever answer was lost.
 *
 * Only the limit of a queue must know of tasks that the stream has not brought yet. Each process knows its own, and announces
 * them to the others when they come to a hundredth of the room that is left: see {@link Reservations}.
 */
export class DynamoDbQueueCounts implements TaskCounts {
  private readonly reservations: Reservations;

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Clock,
    newName: () => string,
  ) {
    this.reservations = new Reservations({
      newName,
      read: (queue, by) => this.readFor(queue, by),
      announce: (queue, by, announced) => this.announce(queue, by, { ...announced, at: clock.now() }),
    });
  }

  /**
   * Counts one more open task, unless the queue holds as many as it may.
   *
   * @returns the name under which the task is to say who added it; undefined when there is no room
   */
  reserve(queue: string, maxOpen: number): Promise<string | undefined> {
    return this.reservations.reserve(queue, maxOpen);
  }

  /** Takes a reservation back: the task was not added. */
  giveBack(queue: string): void {
    this.reservations.giveBack(queue);
  }

  /** Takes a refusal back: the task had been added before. */
  notRefused(queue: string): void {
    this.reservations.unrefuse(queue);
  }

  /** This process has ended an open task. */
  end(queue: string): void {
    this.reservations.end(queue);
  }

  /** This process has made an open task of a finished one. */
  reopen(queue: string): void {
    this.reservations.reopen(queue);
  }

  /** The name under which a change of this process is to say who made it. */
  nameIn(queue: string): string {
    return this.reservations.nameIn(queue);
  }

  /** Stores counts that other processes do not know yet. What cannot be stored is kept for the next call. */
  flush(): Promise<void> {
    return this.reservations.flush();
  }

  async count(shardId: string, changes: readonly TaskChange[]): Promise<void> {
    const queues = [...new Set(changes.map(({ queue }) => queue))];
    await concurrently(PARALLEL_REQUESTS, queues, (queue) =>
      this.countQueue(
        queue,
        shardId,
        changes.filter((change) => change.queue === queue),
      ),
    );
  }

  /** @throws DomainError `STORE_UNAVAILABLE` */
  async read(queue: string): Promise<QueueCounts> {
    await this.reservations.announceRefused(queue);
    return this.countsIn(await this.readStored(queue));
  }

  /**
   * Merges old parts into the total, so that a queue does not keep an item for each shard and process that ever was.
   * Once a queue has been quiet for a minute, its counts are held to what it holds: records may have left the stream
   * before anybody read them, and the first release counted otherwise.
   *
   * @param countOpen counts the tasks of the queue in the index
   * @returns whether the counts are what the queue holds; nothing is left to do then until a task changes
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async reconcile(queue: string, countOpen: () => Promise<OpenTasks>): Promise<boolean> {
    const now = this.clock.now();
    const stored = await this.readStored(queue);
    for (const [shardId, part] of stored.parts)
      if (part.at < now - MERGED_AFTER_MS) await this.join(mergePart(this.table, queue, shardId, part));
    for (const [by, each] of stored.announced)
      if (each.at < now - PROCESS_KEPT_MS) await this.join(mergeAnnouncement(this.table, queue, by, each));
    const state = stateOf(stored.parts);
    if (stored.total.held === state) return true;
    if (this.countsIn(stored).countedAt > now - QUIET_MS) return false;
    return this.compare(queue, await countOpen(), state);
  }

  /**
   * A difference may be a change whose record is on its way:
   *
   *     task ends ─ index: 9 ─ hold: 9 in the index, 10 counted ──────── hold: other records are counted
   *               └──────────────────────────────────── record counted ─┘
   *
   * So it has to be the same a while later, with no record counted in between.
   */
  private async compare(queue: string, { all, taken }: OpenTasks, state: string): Promise<boolean> {
    const { total, parts, announced } = await this.readStored(queue);
    if (stateOf(parts) !== state) return false;
    const counts = this.countsIn({ total, parts, announced });
    const correction = { enqueued: all - counts.open, taken: taken - counts.taken };
    const isRight = correction.enqueued === 0 && correction.taken === 0;
    const now = this.clock.now();
    const { suspected } = total;
    const isSame = suspected?.state === state && suspected.all === all && suspected.taken === taken;
    if (!isRight && isSame && now - suspected.at < ON_ITS_WAY_MS) return false;
    const update =
      isRight || isSame
        ? correctTotal(this.table, queue, total, correction, state)
        : suspect(this.table, queue, { state, all, taken, at: now });
    const stored = await this.client.send(new UpdateCommand(update)).catch(passIfRefused).catch(throwStoreError);
    return stored !== undefined && (isRight || isSame);
  }

  /**
   * Two readers of one shard, of which one was thought dead:
   *
   *     A:  reads part at 7 ─────────────────────────── puts part at 9 if it is at 7 ─ refused ─ reads again: nothing new
   *     B:       reads part at 7 ─ puts part at 9 if at 7
   */
  private async countQueue(queue: string, shardId: string, changes: readonly TaskChange[]): Promise<void> {
    for (;;) {
      const command = new GetCommand({ TableName: this.table, Key: partKey(queue, shardId), ConsistentRead: true });
      const { Item } = await this.client.send(command).catch(throwStoreError);
      const counted = (Item as CountedChanges | undefined) ?? nothingCounted;
      const next = withChanges(counted, changes);
      if (next === counted) return;
      const put = new PutCommand({
        TableName: this.table,
        Item: { ...next, ...partKey(queue, shardId) },
        ConditionExpression: Item ? '#position = :position' : 'attribute_not_exists(pk)',
        ...(Item
          ? {
              ExpressionAttributeNames: { '#position': 'position' },
              ExpressionAttributeValues: { ':position': counted.position },
            }
          : {}),
      });
      if (await retry(() => this.client.send(put)).catch(passIfRefused)) return;
    }
  }

  private async readStored(queue: string): Promise<Stored> {
    const command = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: 'pk = :queue AND sk BETWEEN :first AND :last',
      // Behind every `BY#…` and `COUNTS#…`, and before `SETTINGS`.
      ExpressionAttributeValues: { ':queue': partition(queue), ':first': 'BY#', ':last': `${TOTAL}$` },
      ConsistentRead: true,
    });
    const { Items = [] } = await this.client.send(command).catch(throwStoreError);
    const parts = new Map<string, CountedChanges>();
    const announced = new Map<string, StoredAnnouncement>();
    let total: Total = {};
    for (const { pk: _, sk, ...item } of Items)
      if (sk === TOTAL) total = item;
      else if (sk.startsWith('BY#')) announced.set(sk.slice('BY#'.length), item as StoredAnnouncement);
      else parts.set(sk.slice(TOTAL.length + 1), item as unknown as CountedChanges);
    return { total, parts, announced };
  }

  private countsIn({ total, parts, announced }: Stored): QueueCounts {
    const all = [total, ...parts.values()];
    const sum = (name: keyof Counters | 'taken'): number => all.reduce((count, part) => count + (part[name] ?? 0), 0);
    const counters = Object.fromEntries(NAMES.map((name) => [name, sum(name)])) as unknown as Counters;
    const refused = counters.refused + [...announced.values()].reduce((count, each) => count + each.refused, 0);
    const { enqueued, redriven, succeeded, failed, shed, cancelled } = counters;
    const done: Record<string, number> = {};
    for (const part of parts.values())
      for (const [window, tasks] of Object.entries(part.done)) done[window] = (done[window] ?? 0) + tasks;
    return {
      counters: { ...counters, refused },
      open: enqueued + redriven - succeeded - failed - shed - cancelled,
      taken: sum('taken'),
      throughputPerSecond: rateIn(done, this.clock.now()),
      countedAt: Math.max(0, ...[...parts.values()].map(({ at }) => at)),
    };
  }

  /** What a process needs to know of a queue in which it counts under that name. */
  private async readFor(queue: string, by: string): Promise<Known> {
    const stored = await this.readStored(queue);
    const now = this.clock.now();
    const countedOf = (name: string): Changes => {
      const all = [...stored.parts.values()].flatMap((part) => part.by[name] ?? []);
      const sum = (what: keyof Changes): number => all.reduce((count, each) => count + each[what], 0);
      return { added: sum('added'), ended: sum('ended') };
    };
    const others = [...stored.announced].filter(([name, { at }]) => name !== by && at > now - ANNOUNCED_MS);
    const unseen = others.reduce((count, [name, { added }]) => count + Math.max(0, added - countedOf(name).added), 0);
    return { open: this.countsIn(stored).open + unseen, counted: countedOf(by) };
  }

  /** Stores the counts of this process, unless newer ones are stored. */
  private async announce(queue: string, by: string, announced: StoredAnnouncement): Promise<void> {
    const command = new PutCommand({
      TableName: this.table,
      Item: { ...processKey(queue, by), ...announced },
      ConditionExpression: 'attribute_not_exists(pk) OR edition < :edition',
      ExpressionAttributeValues: { ':edition': announced.edition },
    });
    // One that is refused is a repeat of the SDK, whose first answer was lost.
    await this.client.send(command).catch(passIfRefused).catch(throwStoreError);
  }

  private async join(merging: TransactWriteCommandInput): Promise<void> {
    try {
      await retry(() => this.client.send(new TransactWriteCommand(merging)));
    } catch (error) {
      // Another process was faster.
      if (!(error instanceof TransactionCanceledException)) throw error;
    }
  }
}

/** Fingerprint of the counted records: changes with every record, and with nothing else. */
const stateOf = (parts: Stored['parts']): string =>
  createHash('sha256')
    .update([...parts].map(([shardId, { position }]) => `${shardId}@${position}`).join(' '))
    .digest('base64url');

const suspect = (table: string, queue: string, suspected: Suspicion): UpdateCommandInput => ({
  TableName: table,
  Key: totalKey(queue),
  UpdateExpression: 'SET suspected = :suspected',
  ExpressionAttributeValues: { ':suspected': suspected },
});

/** Sets the total right, if it still is what it was. */
function correctTotal(
  table: string,
  queue: string,
  { enqueued, taken, held }: Total,
  correction: { readonly enqueued: number; readonly taken: number },
  state: string,
): UpdateCommandInput {
  const seen = { enqueued, taken, held };
  return {
    TableName: table,
    Key: totalKey(queue),
    UpdateExpression: 'SET enqueued = :enqueued, taken = :taken, held = :held REMOVE suspected',
    ConditionExpression: Object.entries(seen)
      .map(([name, value]) => (value === undefined ? `attribute_not_exists(${name})` : `${name} = :seen_${name}`))
      .join(' AND '),
    ExpressionAttributeValues: {
      ':enqueued': (enqueued ?? 0) + correction.enqueued,
      ':taken': (taken ?? 0) + correction.taken,
      ':held': state,
      ...Object.fromEntries(
        Object.entries(seen).flatMap(([name, value]) => (value === undefined ? [] : [[`:seen_${name}`, value]])),
      ),
    },
  };
}

const mergePart = (table: string, queue: string, shardId: string, part: CountedChanges): TransactWriteCommandInput =>
  mergeItem(table, queue, partKey(queue, shardId), { position: part.position }, part);

const mergeAnnouncement = (
  table: string,
  queue: string,
  by: string,
  announced: StoredAnnouncement,
): TransactWriteCommandInput =>
  mergeItem(
    table,
    queue,
    processKey(queue, by),
    { edition: announced.edition },
    { ...noCounts, refused: announced.refused },
  );

/** Adds an item to the total and deletes it, both or neither, if it still stands as it was seen: so it is added once. */
function mergeItem(
  table: string,
  queue: string,
  Key: { readonly pk: string; readonly sk: string },
  seen: Readonly<Record<string, string | number>>,
  counts: Counters & { readonly taken?: number },
): TransactWriteCommandInput {
  const [[name, value] = ['', '']] = Object.entries(seen);
  const added = [...NAMES, 'taken' as const].map((counter) => [counter, counts[counter] ?? 0] as const);
  return {
    TransactItems: [
      {
        Delete: {
          TableName: table,
          Key,
          ConditionExpression: '#seen = :seen',
          ExpressionAttributeNames: { '#seen': name },
          ExpressionAttributeValues: { ':seen': value },
        },
      },
      {
        Update: {
          TableName: table,
          Key: totalKey(queue),
          UpdateExpression: `ADD ${added.map((_, index) => `#${index} :${index}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(added.map(([counter], index) => [`#${index}`, counter])),
          ExpressionAttributeValues: Object.fromEntries(added.map(([, count], index) => [`:${index}`, count])),
        },
      },
    ],
  };
}
