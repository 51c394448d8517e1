/** What the store knows of a queue. */
export interface Known {
  /** Open tasks, those included that other processes have told of and the stream has not brought yet. */
  readonly open: number;
  /** Of the open tasks that this process has added and ended, what the stream has brought. */
  readonly counted: number;
}

export interface ReservationsOptions {
  /** Makes a name under which this process counts for a while. */
  readonly newName: () => string;
  readonly read: (queue: string, by: string) => Promise<Known>;
  /** Tells the others; `edition` rises. */
  readonly tell: (
    queue: string,
    by: string,
    told: { readonly net: number; readonly refused: number; readonly edition: number },
  ) => Promise<void>;
}

/** What is known of a queue is used for so long, ms. */
const KNOWN_MS = 1_000;
/** Refusals are told at the latest after this long, ms. */
const TELL_MS = 1_000;
/** A process tells the others at the latest when what they do not know comes to this part of the room that is left. */
const UNTOLD_SHARE = 0.01;
/** A name is used for so long, ms: what the store keeps of it is forgotten a while later, with all that was wrong in it. */
const NAME_MS = 60_000;

/** What this process has done to a queue under one name. */
interface Count {
  readonly by: string;
  /** On a clock that only goes forward, ms. */
  readonly begunAt: number;
  /** Open tasks added less those ended. */
  net: number;
  refused: number;
  /** As the others were told. */
  told: { readonly net: number; readonly refused: number };
  edition: number;
  known: Known;
  knownAt: number;
  reading: Promise<void> | undefined;
  telling: Promise<void> | undefined;
}

/**
 * Holds queues to their limits. The stream brings the tasks of all processes about a second late; until then each process
 * counts its own, and knows those of the others as far as these have told:
 *
 *     open  =  in the stream  +  told by others, not in the stream  +  own, not in the stream
 *
 * Numbers are told anew each time and never added to, so that it does not matter how often they arrive.
 */
export class Reservations {
  private readonly counts = new Map<string, Count>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ReservationsOptions) {}

  /** Counts one more open task if there is room. @returns the name under which it counts */
  async reserve(queue: string, maxOpen: number): Promise<string | undefined> {
    const count = this.countOf(queue);
    count.net++;
    if (performance.now() - count.knownAt > KNOWN_MS) await this.look(queue, count);
    if (mustTell(count, maxOpen)) await this.tell(queue, count);
    if (openIn(count) <= maxOpen) return count.by;
    count.net--;
    count.refused++;
    this.timer ??= setTimeout(() => void this.flush(), TELL_MS).unref();
    return undefined;
  }

  change(queue: string, difference: number): void {
    this.countOf(queue).net += difference;
  }

  /** One refusal was none. */
  unrefuse(queue: string): void {
    this.countOf(queue).refused--;
  }

  nameIn(queue: string): string {
    return this.countOf(queue).by;
  }

  /** Tells of refusals, which nothing else counts, and forgets queues that this process has not touched lately. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await Promise.all(
      [...this.counts].map(async ([queue, count]) => {
        await this.tellRefused(queue);
        const isOver = performance.now() - count.begunAt > NAME_MS && count.refused === count.told.refused;
        if (isOver && this.counts.get(queue) === count) this.counts.delete(queue);
      }),
    );
  }

  /** Tells of refusals in a queue, if there are any that nobody was told of. */
  async tellRefused(queue: string): Promise<void> {
    const count = this.counts.get(queue);
    if (count && count.refused > count.told.refused) await this.tell(queue, count);
  }

  private countOf(queue: string): Count {
    const current = this.counts.get(queue);
    if (current && performance.now() - current.begunAt < NAME_MS) return current;
    const count: Count = {
      by: this.options.newName(),
      begunAt: performance.now(),
      net: 0,
      refused: 0,
      told: { net: 0, refused: 0 },
      edition: 0,
      known: { open: 0, counted: 0 },
      knownAt: Number.NEGATIVE_INFINITY,
      reading: undefined,
      telling: undefined,
    };
    this.counts.set(queue, count);
    // What the stream has not brought yet of the name before counts as told by another process.
    if (current)
      count.reading = this.tell(queue, current)
        .then(() => this.lookNow(queue, count))
        .catch(() => undefined)
        .finally(() => {
          count.reading = undefined;
        });
    return count;
  }

  /** A store that does not answer keeps nobody from adding. */
  private look(queue: string, count: Count): Promise<void> {
    count.reading ??= this.lookNow(queue, count)
      .catch(() => undefined)
      .finally(() => {
        count.reading = undefined;
      });
    return count.reading;
  }

  private async lookNow(queue: string, count: Count): Promise<void> {
    const askedAt = performance.now();
    count.known = await this.options.read(queue, count.by);
    count.knownAt = askedAt;
  }

  /** Tells of what was counted before the call. What does not arrive is told the next time. */
  private async tell(queue: string, count: Count): Promise<void> {
    await count.telling;
    count.telling ??= this.tellNow(queue, count)
      .catch(() => undefined)
      .finally(() => {
        count.telling = undefined;
      });
    await count.telling;
  }

  private async tellNow(queue: string, count: Count): Promise<void> {
    const { net, refused } = count;
    if (net === count.told.net && refused === count.told.refused) return;
    count.edition++;
    await this.options.tell(queue, count.by, { net, refused, edition: count.edition });
    count.told = { net, refused };
    await this.lookNow(queue, count);
  }
}

const openIn = ({ known, net }: Count): number => known.open + net - known.counted;

/** Whether others must hear of the tasks of this process before it adds more. Where there is no room, it adds none. */
function mustTell(count: Count, maxOpen: number): boolean {
  const room = maxOpen - openIn(count);
  return room >= 0 && count.net - count.told.net > Math.max(room, 1) * UNTOLD_SHARE;
}
