import { type DynamoDBDocumentClient, GetCommand, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Counters, noCounts } from '../../domain/tasks/queue-figures.ts';
import { throwStoreError } from './errors.ts';

/** What is counted of each queue: how many tasks it holds, and how often each thing has happened. */
export type CountName = keyof Counters | 'open' | 'taken' | 'deadLetters' | `done#${number}`;
export type Counts = Partial<Record<CountName, number>>;

interface QueueCount {
  /** As they were read or written last, with the counts of all processes. */
  stored: Counts;
  /** When that was, ms on a clock that only goes forward. */
  storedAt: number;
  /** On their way to the store. */
  sent: Counts;
  /** Not sent yet. */
  added: Counts;
  sending: Promise<void> | undefined;
  /** How often something was sent. */
  sends: number;
}

/** How often counts are sent. */
export const FLUSH_MS = 1_000;
/** A process sends its adds at the latest when they come to this part of what a queue may hold. */
const UNSENT_SHARE = 0.01;
/** The first may wait for counts that are on their way. A store that takes no counts keeps nobody from adding. */
const RESERVE_ATTEMPTS = 2;

const WINDOW_MS = 5_000;
/** The present window and those before it over which throughput is measured. */
const WINDOWS = 3;
const windowOf = (at: number): number => Math.floor(at / WINDOW_MS);
export const doneAt = (at: number): CountName => `done#${windowOf(at)}`;

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
   * these are sent: after a second, or after a hundredth of the limit.
   *
   * @returns whether there is room; if not, nothing is counted
   */
  async reserve(queue: string, maxOpen: number): Promise<boolean> {
    this.add(queue, { open: 1 });
    const count = this.of(queue);
    for (let attempt = 0; attempt < RESERVE_ATTEMPTS && this.isUnsure(count, maxOpen); attempt++)
      await this.send(queue);
    if (totalOf(count, 'open') <= maxOpen) return true;
    this.add(queue, { open: -1 });
    return false;
  }

  /**
   * The counts of all processes, with what this one has not sent yet.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async read(queue: string): Promise<Counts> {
    const count = this.of(queue);
    for (;;) {
      await count.sending;
      const { sends } = count;
      const command = new GetCommand({ TableName: this.table, Key: keyOf(queue), ConsistentRead: true });
      const { Item = {} } = await this.client.send(command).catch(throwStoreError);
      // What was sent while it was read may be in the item or not.
      if (count.sends === sends) return merge(countsIn(Item), count.added);
    }
  }

  /** Sends what was added since the last time. What the store does not take stays for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await Promise.all([...this.queues.keys()].map((queue) => this.send(queue)));
  }

  private send(queue: string): Promise<void> {
    const count = this.of(queue);
    count.sending ??= this.sendNow(queue, count).finally(() => {
      count.sending = undefined;
    });
    return count.sending;
  }

  private async sendNow(queue: string, count: QueueCount): Promise<void> {
    if (Object.values(count.added).every((number) => number === 0)) return;
    count.sends++;
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

  /** Whether the store must be asked: nobody is refused for counts that are old, nor let in on none. */
  private isUnsure(count: QueueCount, maxOpen: number): boolean {
    const unanswered = (count.sent.open ?? 0) + (count.added.open ?? 0);
    const age = performance.now() - count.storedAt;
    const isOldAndFull = age > this.flushMs && totalOf(count, 'open') > maxOpen;
    return age === Number.POSITIVE_INFINITY || isOldAndFull || unanswered > maxOpen * UNSENT_SHARE;
  }

  private of(queue: string): QueueCount {
    const known = this.queues.get(queue);
    if (known) return known;
    const count = { stored: {}, storedAt: Number.NEGATIVE_INFINITY, sent: {}, added: {}, sending: undefined, sends: 0 };
    this.queues.set(queue, count);
    return count;
  }
}

const totalOf = ({ stored, sent, added }: QueueCount, name: CountName): number =>
  (stored[name] ?? 0) + (sent[name] ?? 0) + (added[name] ?? 0);

function merge(into: Counts, counts: Counts): Counts {
  for (const [name, number] of Object.entries(counts) as [CountName, number][]) into[name] = (into[name] ?? 0) + number;
  return into;
}

const countsIn = ({ pk: _, sk: __, ...counts }: Record<string, unknown>): Counts => counts as Counts;

/** @param stored as they were known before; windows that are over are dropped, all but the newest */
export function addCounts(table: string, queue: string, counts: Counts, stored: Counts): UpdateCommandInput {
  const added = Object.entries(counts).filter(([, number]) => number !== 0);
  const newest = Math.max(...windowsIn(counts), ...windowsIn(stored));
  const dropped = windowsIn(stored).filter((window) => window <= newest - WINDOWS && !(`done#${window}` in counts));
  const names = [...added.map(([name]) => name), ...dropped.map((window) => `done#${window}`)];
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

const windowsIn = (counts: Counts): number[] =>
  Object.keys(counts).flatMap((name) => (name.startsWith('done#') ? [Number(name.slice(5))] : []));

export const countersIn = (counts: Counts): Counters =>
  Object.fromEntries(
    Object.keys(noCounts).map((name) => [name, counts[name as keyof Counters] ?? 0]),
  ) as unknown as Counters;

/**
 * Tasks finished per second in the present window and the two before it. After a longer silence: one task since then,
 * which is the most that it can be. Undefined while nothing was ever finished.
 */
export function throughputIn(counts: Counts, now: number): number | undefined {
  const windows = windowsIn(counts);
  if (windows.length === 0) return undefined;
  const recent = windows.filter((window) => window > windowOf(now) - WINDOWS);
  if (recent.length === 0) return 1_000 / (now - (Math.max(...windows) + 1) * WINDOW_MS);
  const finished = recent.reduce((sum, window) => sum + (counts[`done#${window}`] ?? 0), 0);
  return finished / Math.max(1, (now - Math.min(...recent) * WINDOW_MS) / 1_000);
}
