import type { WebSocket } from 'ws';
import type { CurrentFlagSet } from '../../../domain/flags/current-flag-sets.ts';
import { FlagConnection } from '../../../domain/flags/flag-connection.ts';
import { clientMessageIn, type ServerMessage } from '../../../domain/flags/socket-messages.ts';
import { socketText } from '../../../domain/flags/socket-text.ts';
import { DomainError } from '../../../domain/shared/domain-error.ts';
import type { Random } from '../../../ports/system.ts';
import type { Problem } from '../problems.ts';

/** A client hears something as often as that, seconds. */
const ALIVE_SECONDS = 10;
/** At most five messages a second reach a client. */
const GAP_MS = 200;
/** What waits for a client that reads too slowly, bytes, before nothing is added. */
const MAX_WAITING_BYTES = 256 * 1024;
/** How long a client has for its first message, ms. */
const HELLO_MS = 10_000;
/** A client that sends nothing for so long, not even the answer to a ping, is gone, ms. */
const SILENCE_MS = 35_000;
/** What a client may say at once, and each second. */
const BURST = 20;
const PER_SECOND = 5;
/** How long a client has to agree to the end, ms. */
const CLOSE_MS = 500;
/** Clients that are sent away come back within this time, not all at once, ms. */
const RETRY_SPREAD_MS = 10_000;
const GOING_AWAY = 1001;
const TOO_LATE = { code: 'REQUEST_TIMEOUT' };
const TOO_MANY = { code: 'TOO_MANY_REQUESTS' };

export interface FlagSocketOptions {
  readonly setId: string;
  /** The set as the process knows it now. */
  readonly latest: () => CurrentFlagSet;
  /** The set as it is at this revision, or later. */
  readonly read: (atLeast: number) => Promise<CurrentFlagSet>;
  readonly problemOf: (code: string) => Pick<Problem, 'status'>;
  readonly random: Random;
  /** Records what must not happen, and ended the connection. */
  readonly onFault: (error: unknown) => void;
}

/** One client's socket: whatever is written to it is written here, one message after the other. */
export class FlagSocket {
  private readonly connection = new FlagConnection();
  private readonly startedAt = performance.now();
  private readonly beat: NodeJS.Timeout;
  private later: NodeJS.Timeout | undefined;
  private sentAt = Number.NEGATIVE_INFINITY;
  private heardAt = this.startedAt;
  private credit = BURST;
  private creditAt = this.startedAt;
  /** What the client says is taken in one at a time. */
  private taking: Promise<void> = Promise.resolve();

  constructor(
    private readonly socket: WebSocket,
    private readonly options: FlagSocketOptions,
  ) {
    this.beat = setInterval(() => this.signOfLife(), ALIVE_SECONDS * 1_000);
    const hello = setTimeout(() => this.connection.held || this.close(TOO_LATE), HELLO_MS);
    socket.on('message', (data) => {
      this.heardAt = performance.now();
      if (this.pays()) this.taking = this.taking.then(() => this.take(String(data)));
      else this.close(TOO_MANY);
    });
    socket.on('pong', () => {
      this.heardAt = performance.now();
    });
    // A message that is too long or no text in UTF-8: the socket ends itself, and says why.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(this.beat);
      clearTimeout(hello);
      clearTimeout(this.later);
    });
  }

  /** The revision that the client has been told; undefined before. */
  get revision(): number | undefined {
    return this.connection.held?.revision;
  }

  /** Tells the client what is new, as soon as it is its turn. */
  push(): void {
    this.guard(() => this.pushInTurn());
  }

  private pushInTurn(): void {
    if (!this.isOpen || this.later) return;
    const wait = this.isSlow ? GAP_MS : this.sentAt + GAP_MS - performance.now();
    if (this.isSlow) this.connection.forgetFlags();
    if (wait <= 0) this.send(this.connection.next(this.options.latest()));
    else
      this.later = setTimeout(() => {
        this.later = undefined;
        this.push();
      }, wait);
  }

  /** Ends it for a reason that has a code. */
  close({ code }: Pick<DomainError, 'code'>): void {
    this.end(4_000 + this.options.problemOf(code).status, code);
  }

  /** Ends it because the process ends: the client goes on elsewhere. */
  goAway(): void {
    const retryMs = Math.floor(this.options.random.next() * RETRY_SPREAD_MS);
    this.end(GOING_AWAY, JSON.stringify({ retryMs }));
  }

  private end(code: number, reason: string): void {
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), CLOSE_MS).unref();
  }

  /** A fault in one connection ends that one, not the process. */
  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.options.onFault(error);
      this.close({ code: 'INTERNAL' });
    }
  }

  private get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  private get isSlow(): boolean {
    return this.socket.bufferedAmount > MAX_WAITING_BYTES;
  }

  private async take(text: string): Promise<void> {
    if (!this.isOpen) return;
    try {
      const message = clientMessageIn(text);
      const atLeast = message.type === 'hello' ? (message.revision ?? 0) : 0;
      if (atLeast > this.options.latest().set.revision) await this.options.read(atLeast).catch(() => undefined);
      this.connection.receive(message);
      this.push();
    } catch (error) {
      if (!(error instanceof DomainError)) this.options.onFault(error);
      this.close(error instanceof DomainError ? error : { code: 'INTERNAL' });
    }
  }

  /** What a client says costs work, so that it may not say much. */
  private pays(): boolean {
    const now = performance.now();
    this.credit = Math.min(BURST, this.credit + ((now - this.creditAt) / 1_000) * PER_SECOND) - 1;
    this.creditAt = now;
    return this.credit >= 0;
  }

  private signOfLife(): void {
    if (performance.now() - this.heardAt > SILENCE_MS) this.socket.terminate();
    if (!this.isOpen) return;
    this.socket.ping();
    this.guard(() => {
      if (!this.isSlow && !this.later) this.send(this.connection.signOfLife(this.options.latest()));
    });
  }

  private send(message: ServerMessage | undefined): void {
    if (!message) return;
    this.sentAt = performance.now();
    this.socket.send(socketText(message, ALIVE_SECONDS));
  }
}
