import { DomainError } from '../../domain/shared/domain-error.ts';
import { EventStream } from './event-stream.ts';

/** Some 30 kB each: a process of 512 MB holds these beside everything else. */
const MAX_STREAMS = 10_000;
/** A hall of people may stand behind one address, each of them with a page open. Nobody needs more. */
const MAX_OF_ADDRESS = 2_000;
/** When somebody who was refused may try again. Until then pages ask for the results instead. */
const RETRY_AFTER_SECONDS = 10;
/** One that is opened while the process ends brings its first event: pages take one without any for a sign that none come here. */
const LATE_MS = 1_000;

/**
 * The event streams and sockets of a process. Each stays open for as long as somebody listens, so there is an end to their
 * number.
 */
export class OpenStreams {
  private readonly ends = new Set<() => void>();
  private readonly counts = new Map<string, number>();
  private isEnded = false;

  constructor(
    private readonly maxStreams = MAX_STREAMS,
    private readonly maxOfAddress = MAX_OF_ADDRESS,
  ) {}

  /**
   * @param address of the client
   * @throws DomainError `TOO_MANY_REQUESTS`
   */
  open(address: string): EventStream {
    const stream = new EventStream();
    try {
      stream.body.once(
        'close',
        this.add(address, () => stream.end()),
      );
    } catch (error) {
      stream.body.destroy();
      throw error;
    }
    return stream;
  }

  /**
   * Counts what stays open.
   *
   * @param address of the client
   * @param end ends it in an orderly way
   * @returns to be called once it is closed
   * @throws DomainError `TOO_MANY_REQUESTS`
   */
  add(address: string, end: () => void): () => void {
    const ofAddress = this.counts.get(address) ?? 0;
    if (this.ends.size >= this.maxStreams || ofAddress >= this.maxOfAddress)
      throw new DomainError('TOO_MANY_REQUESTS', 'Too many connections are kept open here. Ask now and then instead.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    const own = (): void => end();
    this.ends.add(own);
    this.counts.set(address, ofAddress + 1);
    if (this.isEnded) setTimeout(own, LATE_MS).unref();
    return () => {
      if (!this.ends.delete(own)) return;
      const left = (this.counts.get(address) as number) - 1;
      if (left > 0) this.counts.set(address, left);
      else this.counts.delete(address);
    };
  }

  /** Ends all of them in an orderly way, and those that are opened from now on. */
  end(): void {
    this.isEnded = true;
    for (const end of this.ends) end();
  }
}
