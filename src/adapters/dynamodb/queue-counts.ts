import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Counters, noCounts } from '../../domain/tasks/queue-figures.ts';
import { storeError, throwStoreError } from './errors.ts';

/** What is counted in windows of time, for a rate: tasks that were enqueued, and those that came to an end by work. */
export type Rated = 'added' | 'done';

/** What is counted of each queue: how many tasks it holds, and how often each thing has happened. */
export type CountName = keyof Counters | 'open' | 'taken' | 'later' | 'deadLetters' | `${Rated}#${number}`;
export type Counts = Partial<Record<CountName, number>>;

/** The counts of all processes. */
export interface StoredCounts extends Readonly<Counts> {
  /** When somebody last began to count anew what the queue holds, epoch ms. */
  readonly recountedAt?: number;
}

interface QueueCount {
  /** As they were read or written last. */
  stored: StoredCounts;
  /** When that was, ms on a clock that only goes forward. */
  storedAt: number;
  /** On their way to the store. */
  sent: Counts;
  /** Not sent yet. */
  added: Counts;
  sending: Promise<void> | undefined;
  reading: Promise<void> | undefined;
}

/** How often counts are sent. */
export const FLUSH_MS = 1_000;
/** A process sends its adds at the latest when they come to this part of the room that a queue has left. */
const UNSENT_SHARE = 0.01;
const RECOUNT_MS = 60_000;

const WINDOW_MS = 5_000;
/** The present window and those before it over which a rate is measured. */
const WINDOWS = 3;
const windowOf = (at: number): number => Math.floor(at / WINDOW_MS);
/** @param at epoch ms */
export const countedAt = (rated: Rated, at: number): CountName => `${rated}#${windowOf(at)}`;

const keyOf = (queue: string) => ({ pk: `QUEUE#${queue}`, sk: 'COUNTS' });

/**
 * Counts of queues: each process adds its own up and brings them to the store once a second. A process that is killed
 * takes its last second along, and an answer that is lost may count twice; so these are approximate, and what a queue
 * holds is counted anew now and then.
 */
export class QueueCounts {
  private readonly queues = new Map<string, QueueCount>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly flushMs: number,
  ) {}

  add(queue: string, counts: Counts): void {
    const count = this.of(queue);
    merge(count.added, counts);
    this.timer ??= setTimeout(() => void this.flush(), this.flushMs).unref();
  }

  /**
   * Counts one more open task, unless the queue holds as many as it may. Processes know of each other's tasks once
   * these are sent: after a second, or after a hundredth of the room that is left. The fuller a queue, the more often
   * they send, so that many processes together hold the limit too.
   *
   * @returns whether there is room; if not, nothing is counted
   */
  async reserve(queue: string, maxOpen: number): Promise<boolean> {
    this.add(queue, { open: 1 });
    const count = this.of(queue);
    const isOld = performance.now() - count.storedAt > this.flushMs;
    // The answer to what is on its way tells as much as a look.
    if (isOld) await (count.sending ?? this.look(queue, count));
    if (mustSend(count, maxOpen)) await this.send(queue);
    if (totalOf(count, 'open') <= maxOpen) return true;
    this.add(queue, { open: -1 });
    return false;
  }

  /**
   * The counts of all processes. Those of this one are sent before, so that no process shows counts that another one
   * does not know of, and none seems to fall.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async read(queue: string): Promise<StoredCounts> {
    await this.send(queue);
    return this.get(queue);
  }

  /** Sends what was added before the call. What the store does not take stays for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await Promise.all([...this.queues.keys()].map((queue) => this.send(queue)));
  }

  /**
   * Asks to count anew what a queue holds, which one process does once a minute: two that both added what they found
   * missing would count it twice.
   *
   * @param now epoch ms
   * @returns whether it is for the caller to do so
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async beginRecount(queue: string, now: number): Promise<boolean> {
    const { recountedAt = Number.NEGATIVE_INFINITY } = await this.get(queue);
    if (recountedAt > now - RECOUNT_MS) return false;
    try {
      await this.client.send(new UpdateCommand(beginRecount(this.table, queue, now)));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw storeError(error);
    }
  }

  private async get(queue: string): Promise<StoredCounts> {
    const command = new GetCommand({ TableName: this.table, Key: keyOf(queue), ConsistentRead: true });
    const { Item = {} } = await this.client.send(command).catch(throwStoreError);
    return countsIn(Item);
  }

  /** Learns what other processes have counted. A store that does not say it keeps nobody from adding. */
  private look(queue: string, count: QueueCount): Promise<void> {
    count.reading ??= this.lookNow(queue, count)
      .catch(() => undefined)
      .finally(() => {
        count.reading = undefined;
      });
    return count.reading;
  }

  private async lookNow(queue: string, count: QueueCount): Promise<void> {
    const { storedAt } = count;
    const askedAt = performance.now();
    const stored = await this.get(queue);
    // What was sent meanwhile has brought an answer that may be newer.
    if (count.storedAt === storedAt) Object.assign(count, { stored, storedAt: askedAt });
  }

  /** Sends what was added before the call: what is on its way may have left without some of it. */
  private async send(queue: string): Promise<void> {
    const count = this.of(queue);
    await count.sending;
    count.sending ??= this.sendNow(queue, count).finally(() => {
      count.sending = undefined;
    });
    await count.sending;
  }

  private async sendNow(queue: string, count: QueueCount): Promise<void> {
    if (Object.values(count.added).every((number) => number === 0)) return;
    count.sent = count.added;
    count.added = {};
    try {
      const { Attributes = {} } = await this.client.send(
        new UpdateCommand(addCounts(this.table, queue, count.sent, count.stored)),
      );
      count.stored = countsIn(Attributes);
      count.storedAt = performance.now();
    } catch {
      this.add(queue, count.sent);
    } finally {
      count.sent = {};
    }
  }

  private of(queue: string): QueueCount {
    const known = this.queues.get(queue);
    if (known) return known;
    const count: QueueCount = {
      stored: {},
      storedAt: Number.NEGATIVE_INFINITY,
      sent: {},
      added: {},
      sending: undefined,
      reading: undefined,
    };
    this.queues.set(queue, count);
    return count;
  }
}

const unansweredOf = ({ sent, added }: QueueCount, name: CountName): number => (sent[name] ?? 0) + (added[name] ?? 0);
const totalOf = (count: QueueCount, name: CountName): number => (count.stored[name] ?? 0) + unansweredOf(count, name);

/** Whether others must hear of the adds of this process before it makes more. Where there is no room, it makes none. */
function mustSend(count: QueueCount, maxOpen: number): boolean {
  const room = maxOpen - (count.stored.open ?? 0);
  return room > 0 && unansweredOf(count, 'open') > room * UNSENT_SHARE;
}

function merge(into: Counts, counts: Counts): Counts {
  for (const [name, number] of Object.entries(counts) as [CountName, number][]) into[name] = (into[name] ?? 0) + number;
  return into;
}

const countsIn = ({ pk: _, sk: __, ...counts }: Record<string, unknown>): StoredCounts => counts as StoredCounts;

/** @param stored as they were known before; windows that are over are dropped, all but the newest */
export function addCounts(table: string, queue: string, counts: Counts, stored: Counts): UpdateCommandInput {
  const added = Object.entries(counts).filter(([, number]) => number !== 0);
  const dropped = [...overIn('added', counts, stored), ...overIn('done', counts, stored)];
  const names = [...added.map(([name]) => name), ...dropped];
  return {
    TableName: table,
    Key: keyOf(queue),
    UpdateExpression: [
      `ADD ${added.map((_, index) => `#${index} :${index}`).join(', ')}`,
      ...(dropped.length > 0 ? [`REMOVE ${dropped.map((_, index) => `#${added.length + index}`).join(', ')}`] : []),
    ].join(' '),
    ExpressionAttributeNames: Object.fromEntries(names.map((name, index) => [`#${index}`, name])),
    ExpressionAttributeValues: Object.fromEntries(added.map(([, number], index) => [`:${index}`, number])),
    ReturnValues: 'ALL_NEW',
  };
}

/**
 * One process begins to count; the others leave it to that one for a minute.
 *
 *     A:  reads that the last time is long ago ─ begins ─ counts ─ adds what is missing
 *     B:  reads that the last time is long ago ─ begins ─ refused
 */
function beginRecount(table: string, queue: string, now: number): UpdateCommandInput {
  const isFirst = 'attribute_not_exists(recountedAt)';
  const isLongAgo = 'recountedAt <= :aMinuteAgo';
  return {
    TableName: table,
    Key: keyOf(queue),
    UpdateExpression: 'SET recountedAt = :now',
    ConditionExpression: `${isFirst} OR ${isLongAgo}`,
    ExpressionAttributeValues: { ':now': now, ':aMinuteAgo': now - RECOUNT_MS },
  };
}

const windowsIn = (rated: Rated, counts: Counts): number[] =>
  Object.keys(counts).flatMap((name) => (name.startsWith(`${rated}#`) ? [Number(name.slice(rated.length + 1))] : []));

/** Names of the windows that no rate needs any more. */
function overIn(rated: Rated, counts: Counts, stored: Counts): CountName[] {
  const newest = Math.max(...windowsIn(rated, counts), ...windowsIn(rated, stored));
  return windowsIn(rated, stored)
    .filter((window) => window <= newest - WINDOWS)
    .map((window): CountName => `${rated}#${window}`)
    .filter((name) => !(name in counts));
}

export const countersIn = (counts: Counts): Counters =>
  Object.fromEntries(
    Object.keys(noCounts).map((name) => [name, counts[name as keyof Counters] ?? 0]),
  ) as unknown as Counters;

/**
 * Tasks per second in the present window and the two before it. After a longer silence: one task since then, which is
 * the most that it can be. Undefined while there was never any.
 *
 * @param now epoch ms
 */
export function rateIn(counts: Counts, rated: Rated, now: number): number | undefined {
  const windows = windowsIn(rated, counts);
  if (windows.length === 0) return undefined;
  const recent = windows.filter((window) => window > windowOf(now) - WINDOWS);
  if (recent.length === 0) return 1_000 / (now - (Math.max(...windows) + 1) * WINDOW_MS);
  const tasks = recent.reduce((sum, window) => sum + (counts[`${rated}#${window}`] ?? 0), 0);
  return tasks / Math.max(1, (now - Math.min(...recent) * WINDOW_MS) / 1_000);
}
