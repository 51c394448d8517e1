import { DomainError } from '../../../domain/shared/domain-error.ts';
import { EventStream } from './event-stream.ts';

/** Some 30 kB each: a process of 512 MB holds these beside everything else. */
const MAX_STREAMS = 10_000;
/** A hall of people may stand behind one address, each of them with a page open. Nobody needs more. */
const MAX_OF_ADDRESS = 2_000;
/** When somebody who was refused may try again. Until then pages ask for the results instead. */
const RETRY_AFTER_SECONDS = 10;

/** The event streams of a process. Each stays open for as long as somebody listens, so there is an end to their number. */
export class OpenStreams {
  private readonly streams = new Set<EventStream>();
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly maxStreams = MAX_STREAMS,
    private readonly maxOfAddress = MAX_OF_ADDRESS,
  ) {}

  /**
   * @param address of the client
   * @throws DomainError `TOO_MANY_REQUESTS`
   */
  open(address: string): EventStream {
    const ofAddress = this.counts.get(address) ?? 0;
    if (this.streams.size >= this.maxStreams || ofAddress >= this.maxOfAddress)
      throw new DomainError('TOO_MANY_REQUESTS', 'Too many follow results here. Poll the results instead.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    const stream = new EventStream();
    this.streams.add(stream);
    this.counts.set(address, ofAddress + 1);
    stream.body.once('close', () => {
      this.streams.delete(stream);
      const left = (this.counts.get(address) as number) - 1;
      if (left > 0) this.counts.set(address, left);
      else this.counts.delete(address);
    });
    return stream;
  }

  /** Ends all of them in an orderly way. */
  end(): void {
    for (const stream of this.streams) stream.end();
  }
}
