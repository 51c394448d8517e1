import { type ClientRequest, get, type IncomingMessage } from 'node:http';

export interface ReceivedEvent {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string;
  /** When it arrived, ms on the clock of `performance.now()`. */
  readonly at: number;
}

/** Reads `text/event-stream` from a socket, as a browser would, and keeps what it received. */
export class SseClient {
  readonly events: ReceivedEvent[] = [];
  /** Everything that came, as it came. */
  text = '';
  ended = false;
  private rest = '';

  private constructor(
    private readonly request: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.take(chunk));
    response.on('end', () => {
      this.ended = true;
    });
    response.on('error', () => undefined);
  }

  static connect(url: string, headers: Record<string, string> = {}): Promise<SseClient> {
    return new Promise((resolve, reject) => {
      const request = get(url, { headers, agent: false }, (response) => resolve(new SseClient(request, response)));
      request.on('error', reject);
    });
  }

  /** The data of the newest event. */
  get last(): Record<string, unknown> {
    return JSON.parse(this.events.at(-1)?.data ?? '{}');
  }

  close(): void {
    this.request.destroy();
  }

  private take(chunk: string): void {
    this.text += chunk;
    const blocks = (this.rest + chunk).split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string | undefined =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const data = field('data');
      if (data !== undefined) this.events.push({ event: field('event'), id: field('id'), data, at: performance.now() });
    }
  }
}
