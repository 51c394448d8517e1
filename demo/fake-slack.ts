import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it does with a request. `lost`: it takes the message, and its answer never arrives. */
export type SlackMood = 'ok' | 'busy' | 'lost' | 'broken' | 'refusing' | 'late';

export interface SlackMessage {
  readonly ts: string;
  /** All text that is shown, a line for each block. */
  text: string;
  blocks: readonly unknown[];
  changes: number;
}

const LATE_MS = 300;

/**
 * Takes messages as Slack does: `POST /services/…` is an incoming webhook, and `/api/chat.postMessage` and
 * `/api/chat.update` are what a bot calls.
 */
export class FakeSlack {
  readonly messages: SlackMessage[] = [];
  /** Bodies of all requests, also of those that were not taken. */
  readonly requests: Record<string, unknown>[] = [];
  /** For the next requests; then it is `ok`. */
  readonly moods: SlackMood[] = [];

  private constructor(
    private readonly server: Server,
    private readonly onMessage: (message: SlackMessage) => void,
  ) {}

  /** @param port 0 for a free one */
  static async start(port = 0, onMessage: (message: SlackMessage) => void = () => undefined): Promise<FakeSlack> {
    const server = createServer();
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(port, '127.0.0.1', listening);
    });
    const slack = new FakeSlack(server, onMessage);
    server.on('request', (request, response) => void slack.answer(request, response));
    return slack;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get webhookUrl(): string {
    return `${this.url}/services/T0/B0/secret`;
  }

  get apiUrl(): string {
    return `${this.url}/api`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const sent = JSON.parse(body) as Record<string, unknown>;
    this.requests.push(sent);
    const isBot = request.url?.startsWith('/api/') ?? false;
    const json = (status: number, answer: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    const mood = this.moods.shift() ?? 'ok';
    if (mood === 'busy') return void response.writeHead(429, { 'retry-after': '2' }).end();
    if (mood === 'broken') return void response.writeHead(500).end('rollup_error');
    if (mood === 'refusing')
      return void (isBot ? json(200, { ok: false, error: 'invalid_auth' }) : response.writeHead(404).end('no_service'));
    const message = this.take(sent);
    if (mood === 'lost') return void request.socket.destroy();
    if (mood === 'late') await new Promise((passed) => setTimeout(passed, LATE_MS));
    if (!message) return void json(200, { ok: false, error: 'message_not_found' });
    if (isBot) json(200, { ok: true, ts: message.ts, channel: sent.channel });
    else response.writeHead(200).end('ok');
  }

  private take({ ts, text, blocks }: Record<string, unknown>): SlackMessage | undefined {
    const shown = { text: [String(text), ...textsIn(blocks)].join('\n'), blocks: blocks as readonly unknown[] };
    const before = this.messages.find((message) => message.ts === ts);
    if (ts !== undefined && !before) return undefined;
    const message = before
      ? Object.assign(before, shown, { changes: before.changes + 1 })
      : { ts: `${1_700_000_000 + this.messages.length}.000100`, ...shown, changes: 0 };
    if (!before) this.messages.push(message);
    this.onMessage(message);
    return message;
  }
}

function textsIn(blocks: unknown): string[] {
  if (Array.isArray(blocks)) return blocks.flatMap(textsIn);
  if (typeof blocks !== 'object' || blocks === null) return [];
  const { text, elements } = blocks as { text?: unknown; elements?: unknown };
  return [...(typeof text === 'string' ? [text] : textsIn(text)), ...textsIn(elements)];
}
