import { PassThrough } from 'node:stream';

const COMMENT_INTERVAL_MS = 15_000;
/** How much may wait in each half of the body. Set here because the default of Node depends on its version. */
const BUFFER_BYTES = 16_384;

export interface ServerSentEvent {
  /** Clients take one without a name for a `message`. */
  readonly event?: string;
  readonly id: string | undefined;
  readonly data: string;
}

/** A `text/event-stream` body that keeps only the newest event for a client that reads too slowly. */
export class EventStream {
  readonly body = new PassThrough({ highWaterMark: BUFFER_BYTES });
  private waiting: ServerSentEvent | undefined;
  private readonly comments = setInterval(() => this.whenFree(() => this.body.write(':\n\n')), COMMENT_INTERVAL_MS);

  constructor() {
    this.body.write('retry: 1000\n\n');
    this.body.on('drain', () => {
      const event = this.waiting;
      this.waiting = undefined;
      if (event) this.send(event);
    });
    this.body.on('close', () => clearInterval(this.comments));
  }

  send(event: ServerSentEvent): void {
    if (this.body.writableNeedDrain) this.waiting = event;
    else this.whenFree(() => this.body.write(format(event)));
  }

  /** Ends the answer in an orderly way; the client may connect again. */
  end(): void {
    this.body.end();
  }

  private whenFree(write: () => void): void {
    if (this.body.writable && !this.body.writableNeedDrain) write();
  }
}

const format = ({ event, id, data }: ServerSentEvent): string =>
  `${event === undefined ? '' : `event: ${event}\n`}${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
