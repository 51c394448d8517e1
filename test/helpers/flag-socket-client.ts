import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { EvaluationContext } from '../../src/domain/flags/evaluate.ts';
import type { ClientMessage, ServerMessage } from '../../src/domain/flags/socket-messages.ts';
import { eventually } from './eventually.ts';
import { FlagClient } from './flag-client.ts';

/** A client of the socket, over a connection of its own. */
export class FlagSocketClient {
  readonly client: FlagClient;
  /** As they came. */
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(
    readonly socket: WebSocket,
    context: EvaluationContext,
    client?: FlagClient,
  ) {
    this.client = client ?? new FlagClient(context);
    socket.on('message', (data) => {
      this.texts.push(String(data));
      const { asOf, ...message } = JSON.parse(String(data));
      const answer = this.client.take({ ...message, asOf: Date.parse(asOf) } as ServerMessage);
      if (answer) this.say(answer);
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    socket.on('error', () => undefined);
  }

  /** Connects and says hello. */
  static async connect(
    url: string,
    context: EvaluationContext,
    { headers = {}, client, greets = true, protocols = ['portside.flags.1'] }: ConnectOptions = {},
  ): Promise<FlagSocketClient> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers });
    const connection = new FlagSocketClient(socket, context, client);
    await once(socket, 'open');
    if (greets) connection.say(connection.client.hello());
    return connection;
  }

  get messages(): readonly (Record<string, unknown> & { readonly type: string })[] {
    return this.texts.map((text) => JSON.parse(text));
  }

  say(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Waits until it holds a revision. */
  async reaches(revision: number, withinMs?: number): Promise<void> {
    await eventually(
      () => this.client.revision,
      (held) => held === revision,
      withinMs,
    );
  }

  close(): void {
    this.socket.terminate();
  }
}

interface ConnectOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** One that has been connected before. */
  readonly client?: FlagClient;
  readonly greets?: boolean;
  /** Those that it names; the server must answer with one of them. */
  readonly protocols?: string[];
}

/** How an upgrade was refused: status, headers and body of the answer. */
export async function refusedUpgrade(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  protocolVersion = 13,
) {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, protocolVersion });
  const [request, response] = await once(socket, 'unexpected-response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  request.destroy();
  return {
    status: response.statusCode as number,
    headers: response.headers as Record<string, string>,
    body: JSON.parse(Buffer.concat(chunks).toString()),
  };
}
