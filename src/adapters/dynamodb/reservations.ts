/** What the store knows of a queue. */
export interface Known {
  /** Open tasks, including those that other processes have stored counts of and the stream has not delivered yet. */
  readonly open: number;
  /** Of what this process has added and ended, what the stream has brought. */
  readonly counted: Changes;
}

/** How many open tasks a process has added to a queue, and how many it has ended. */
export interface Changes {
  readonly added: number;
  readonly ended: number;
}

/** The counts of a process, stored for the others: totals, not increments, so storing them is idempotent. */
export interface Announcement {
  /** Open tasks that it has added, or may be about to add. */
  readonly added: number;
  readonly refused: number;
  /** Rises with each announcement. */
  readonly edition: number;
}

export interface ReservationsOptions {
  /** Makes a name under which this process counts for a while. */
  readonly newName: () => string;
  readonly read: (queue: string, by: string) => Promise<Known>;
  readonly announce: (queue: string, by: string, announced: Announcement) => Promise<void>;
}

/** How long stored counts of a process are valid, ms: by then the stream has delivered its tasks, or it has stopped. */
export const ANNOUNCED_MS = 15_000;
/** It announces them to the others again before that. */
const ANNOUNCE_AGAIN_MS = ANNOUNCED_MS / 2;
/** What is known of a queue is used for so long, ms. */
const KNOWN_MS = 1_000;
/** A task is refused by what is no older than this, ms. */
const REFUSABLE_MS = 100;
/** Refusals are stored at the latest after this long, ms. */
const ANNOUNCE_REFUSED_MS = 1_000;
/** So much of the room that is left a process may fill unannounced. */
const UNANNOUNCED_SHARE = 0.01;
/** A process claims no more of the room at once, so that many who come together each get some. */
const LARGEST_SHARE = 1 / 8;
/** A name is used for so long, ms: what the store keeps of it is forgotten a while later, with all that was wrong in it. */
const NAME_MS = 60_000;

/** What this process has done to a queue under one name. Times are ms on a clock that only goes forward. */
interface Count {
  readonly by: string;
  readonly begunAt: number;
  added: number;
  ended: number;
  refused: number;
  announced: Announcement;
  announcedAt: number;
  known: Known;
  knownAt: number;
  /** Those who want to add a task. */
  waiting: number;
  reading: Promise<void> | undefined;
  announcing: Promise<boolean> | undefined;
}

/**
 * Holds queues to their limits. The stream brings the tasks of all processes about a second late; until then each process
 * counts its own, and knows those of the others as far as these are stored:
 *
 *     open  =  in the stream  +  stored by others, not in the stream  +  own, not in the stream
 *
 * Before a process adds more than a hundredth of the room that is left, it announces to the others how many it may add.
 */
export class Reservations {
  private readonly counts = new Map<string, Count>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ReservationsOptions) {}

  /** Counts one more open task if there is room. @returns the name under which it counts */
  async reserve(queue: string, maxOpen: number): Promise<string | undefined> {
    const count = this.countOf(queue);
    count.waiting++;
    let canAnnounce = true;
    try {
      for (;;) {
        await this.readIfOlder(queue, count, KNOWN_MS);
        if (openIn(count) >= maxOpen) await this.readIfOlder(queue, count, REFUSABLE_MS);
        const room = maxOpen - openIn(count);
        if (room <= 0) return this.refuse(count);
        if (!canAnnounce || mayAdd(count, room)) {
          count.added++;
          return count.by;
        }
        canAnnounce = await this.announceMore(queue, count, room);
      }
    } finally {
      count.waiting--;
    }
  }

  /** A task that was reserved was not added. */
  giveBack(queue: string): void {
    this.countOf(queue).added--;
  }

  /** This process has ended an open task. */
  end(queue: string): void {
    this.countOf(queue).ended++;
  }

  /** This process has reopened a finished task, which does not depend on room in the queue. */
  reopen(queue: string): void {
    this.countOf(queue).added++;
  }

  /** One refusal was none. */
  unrefuse(queue: string): void {
    this.countOf(queue).refused--;
  }

  nameIn(queue: string): string {
    return this.countOf(queue).by;
  }

  /** Announces refusals, which nothing else counts, and forgets queues that this process has not touched lately. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const queue of this.counts.keys()) await this.announceRefused(queue);
    for (const [queue, { begunAt, refused, announced }] of this.counts)
      if (performance.now() - begunAt > NAME_MS && refused === announced.refused) this.counts.delete(queue);
  }

  /** Stores refusals in a queue that are not stored yet. */
  async announceRefused(queue: string): Promise<void> {
    const count = this.counts.get(queue);
    await count?.announcing;
    if (count && count.refused !== count.announced.refused) await this.announce(queue, count, 0);
  }

  private countOf(queue: string): Count {
    const current = this.counts.get(queue);
    if (current && performance.now() - current.begunAt < NAME_MS) return current;
    const count: Count = {
      by: this.options.newName(),
      begunAt: performance.now(),
      added: 0,
      ended: 0,
      refused: 0,
      announced: { added: 0, refused: 0, edition: 0 },
      announcedAt: Number.NEGATIVE_INFINITY,
      known: { open: 0, counted: { added: 0, ended: 0 } },
      knownAt: Number.NEGATIVE_INFINITY,
      waiting: 0,
      reading: undefined,
      announcing: undefined,
    };
    this.counts.set(queue, count);
    // Counts under the previous name that the stream has not delivered yet count as another process's.
    if (current && current.added > 0)
      count.reading = this.announce(queue, current, 0).then(() => this.readCounts(queue, count));
    return count;
  }

  private refuse(count: Count): undefined {
    count.refused++;
    this.timer ??= setTimeout(() => void this.flush(), ANNOUNCE_REFUSED_MS).unref();
  }

  private async readIfOlder(queue: string, count: Count, ms: number): Promise<void> {
    if (performance.now() - count.knownAt <= ms) return;
    count.reading ??= this.readCounts(queue, count);
    await count.reading;
  }

  /** A failed read does not block adding. */
  private async readCounts(queue: string, count: Count): Promise<void> {
    const askedAt = performance.now();
    try {
      count.known = await this.options.read(queue, count.by);
    } catch {
      // What was known before stands in for it.
    } finally {
      count.knownAt = askedAt;
      count.reading = undefined;
    }
  }

  /** Announces how many tasks may come. @returns false when the store does not take it */
  private announceMore(queue: string, count: Count, room: number): Promise<boolean> {
    if (count.announcing) return count.announcing;
    const share = Math.min(room * LARGEST_SHARE, Math.max(room * UNANNOUNCED_SHARE, count.waiting));
    return this.announce(queue, count, Math.max(1, Math.ceil(share)));
  }

  /** One after the other, so that editions arrive in order. @returns false when the store does not take it */
  private announce(queue: string, count: Count, more: number): Promise<boolean> {
    const announcing = Promise.resolve(count.announcing)
      .then(() => this.announceNow(queue, count, more))
      .finally(() => {
        if (count.announcing === announcing) count.announcing = undefined;
      });
    count.announcing = announcing;
    return announcing;
  }

  private async announceNow(queue: string, count: Count, more: number): Promise<boolean> {
    const added = Math.max(count.added + more, announcedIn(count));
    const announced: Announcement = { added, refused: count.refused, edition: count.announced.edition + 1 };
    // An edition is used once, whatever becomes of it.
    count.announced = { ...count.announced, edition: announced.edition };
    try {
      await this.options.announce(queue, count.by, announced);
      count.announced = announced;
      count.announcedAt = performance.now();
      return true;
    } catch {
      return false;
    } finally {
      await this.readCounts(queue, count);
    }
  }
}

const openIn = ({ known: { open, counted }, added, ended }: Count): number =>
  open + (added - counted.added) - (ended - counted.ended);

/** The tasks of this process that the others know of: from its stored counts or from the stream. */
const announcedIn = ({ announced, announcedAt, known: { counted } }: Count): number =>
  performance.now() - announcedAt < ANNOUNCE_AGAIN_MS ? Math.max(announced.added, counted.added) : counted.added;

/** Whether one more task may be added before counts are stored for the others. */
const mayAdd = (count: Count, room: number): boolean =>
  count.added + 1 <= announcedIn(count) + room * UNANNOUNCED_SHARE;
