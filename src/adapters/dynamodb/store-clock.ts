import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { Clock } from '../../ports/system.ts';

/** What the machine's own clocks say at one moment. */
export interface Reading {
  /** Epoch ms; may be wrong, and may be set. */
  readonly wall: number;
  /** Ms on a clock that only goes forward; may stop while the machine sleeps or a function is frozen. */
  readonly monotonic: number;
}

/** By how much the store's time is ahead of the monotonic clock, as of one answer, ms. */
interface Offset {
  readonly least: number;
  readonly most: number;
  /** The best estimate between the two. */
  readonly estimate: number;
  /** When that answer came. */
  readonly at: Reading;
}

export interface StoreClockOptions {
  /** Sends the store any request, through a client that the clock listens to. */
  readonly ask: () => Promise<unknown>;
  /** Called when the machine's wall clock begins to differ from the store's; both in epoch ms. */
  readonly onSkew?: (machine: number, store: number) => void;
  /** The machine's clocks; a test brings its own. */
  readonly read?: () => Reading;
}

/** By how much a monotonic clock may go wrong: quartz and the kernel's slewing together stay below this. */
const DRIFT = 500e-6;
/** The `Date` of an answer is cut to whole seconds. */
const SECOND_MS = 1_000;
/** When it may be wrong by more than this, the store is asked before the time is used, ms. */
const MAX_DOUBT_MS = 1_000;
/** The estimate may fall by so much as the bounds close in, ms; a step back that is larger sets a mistake right. */
const MAX_CORRECTION_MS = 2_000;
const MAX_SKEW_MS = 2_000;

const readClocks = (): Reading => ({ wall: Date.now(), monotonic: performance.now() });

/**
 * The time of DynamoDB, out of the `Date` of its answers.
 *
 * An answer with the date 12:00:07 was written between 12:00:07 and 12:00:08 of the store's time, and between our sending
 * and its arrival on our monotonic clock. That bounds the difference of the two clocks to a second and the duration of
 * the request. Each answer cuts a piece off: after a dozen, a tenth of a second remains.
 *
 *     answer 1   ├──────────────┤
 *     answer 2         ├──────────────┤
 *     known            ├────────┤
 *
 * The wall clock of the machine is the estimate as long as the answers bear it out, since a clock that is kept right is
 * right to the millisecond; otherwise it is the middle. Between two answers only the monotonic clock counts.
 *
 * @see docs/adr/0011-the-stores-time.md
 */
export class StoreClock implements Clock {
  private offset: Offset | undefined;
  private last = Number.NEGATIVE_INFINITY;
  private asking: Promise<unknown> | undefined;
  private readonly read: () => Reading;

  constructor(private readonly options: StoreClockOptions) {
    this.read = options.read ?? readClocks;
  }

  /**
   * Does not go back while the bounds narrow. After the machine was frozen it is behind, never ahead, until
   * {@link sync} or the next answer.
   *
   * @throws DomainError `STORE_UNAVAILABLE` before the first answer
   */
  now(): number {
    const time = Math.floor(this.read().monotonic + this.known().estimate);
    const isCorrection = time < this.last && this.last - time <= MAX_CORRECTION_MS;
    if (!isCorrection) this.last = time;
    return this.last;
  }

  /**
   * Also valid after the machine was frozen, since the store's time has advanced meanwhile.
   *
   * @throws DomainError `STORE_UNAVAILABLE` before the first answer
   */
  earliest(): number {
    const { least, at } = this.known();
    const { monotonic } = this.read();
    return Math.floor(monotonic + least - DRIFT * (monotonic - at.monotonic));
  }

  /** Whether the machine's wall clock differed from the store's by more than 2 s at the last answer. */
  get isSkewed(): boolean {
    return this.offset !== undefined && Math.abs(skewOf(this.offset)) > MAX_SKEW_MS;
  }

  /**
   * To be awaited before work that is judged by the time: asks the store if its time is unknown, or if the
   * machine may have been frozen since.
   *
   * @throws DomainError `STORE_UNAVAILABLE` when the store does not answer
   */
  async sync(): Promise<void> {
    if (this.isSure()) return;
    this.asking ??= this.options.ask().finally(() => {
      this.asking = undefined;
    });
    let cause: unknown;
    await this.asking.catch((error) => {
      cause = error;
    });
    // An error response carries the time as well.
    if (!this.isSure()) throw storeUnavailable(cause);
  }

  /** Observes the `Date` of all responses of a client, errors included. */
  listenTo(client: Pick<DynamoDBDocumentClient, 'middlewareStack'>): void {
    client.middlewareStack.add(
      (next) => async (request) => {
        const sent = this.read();
        const result = await next(request);
        this.observe(dateOf(result.response), sent);
        return result;
      },
      // Behind the one that turns refusals into errors.
      { step: 'deserialize', priority: 'low' },
    );
  }

  /**
   * @param date of an answer that has just arrived
   * @param sent when its request was sent
   */
  observe(date: string | undefined, sent: Reading): void {
    const second = Date.parse(date ?? '');
    const at = this.read();
    // The machine was frozen, or its clock was set, while the answer was on its way.
    if (Number.isNaN(second) || doubt(sent, at) > MAX_DOUBT_MS) return;
    const told = { least: second - at.monotonic, most: second + SECOND_MS - sent.monotonic };
    const { least, most } = this.offset ? narrowed(this.offset, told, at) : told;
    const wall = at.wall - at.monotonic;
    const estimate = least <= wall && wall <= most ? wall : (least + most) / 2;
    const wasSkewed = this.isSkewed;
    this.offset = { least, most, estimate, at };
    if (this.isSkewed && !wasSkewed) this.options.onSkew?.(at.wall, Math.floor(at.monotonic + estimate));
  }

  private known(): Offset {
    if (!this.offset) throw storeUnavailable(new Error('The time of the store is not known yet'));
    return this.offset;
  }

  private isSure(): boolean {
    return this.offset !== undefined && doubt(this.offset.at, this.read()) <= MAX_DOUBT_MS;
  }
}

const skewOf = ({ estimate, at }: Offset): number => estimate - (at.wall - at.monotonic);

type Bounds = Pick<Offset, 'least' | 'most'>;

/** What both know. Bounds that exclude each other come from a store that was set, or from nodes that differ: the newer ones hold. */
function narrowed(offset: Offset, told: Bounds, at: Reading): Bounds {
  const least = Math.max(told.least, offset.least - DRIFT * (at.monotonic - offset.at.monotonic));
  const most = Math.min(told.most, offset.most + lead(offset.at, at));
  return least <= most ? { least, most } : told;
}

/** By how much the store's time may have gained on the monotonic clock, ms. */
const lead = (from: Reading, to: Reading): number =>
  DRIFT * (to.monotonic - from.monotonic) + Math.max(0, wallGain(from, to));

/** By how much a time that was known may be wrong by now, ms. */
const doubt = (from: Reading, to: Reading): number =>
  DRIFT * (to.monotonic - from.monotonic) + Math.abs(wallGain(from, to));

/** By how much the wall clock has gained on the monotonic one, ms: because the machine was frozen or the clock was set. */
const wallGain = (from: Reading, to: Reading): number => to.wall - from.wall - (to.monotonic - from.monotonic);

const dateOf = (response: unknown): string | undefined =>
  (response as { readonly headers?: Readonly<Record<string, string>> } | undefined)?.headers?.date;
