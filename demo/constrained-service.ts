import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../src/ports/system.ts';

export interface ConstrainedServiceOptions {
  readonly host: string;
  /** Calls that it can work on at once; it refuses more with 503. */
  readonly slots: number;
  /** How long a call takes on average, ms: between half and one and a half times that. */
  readonly workMs: number;
  readonly random: Random;
  /** Told of each task at its first answer, with the payload. */
  readonly onAnswered: (payload: unknown) => void;
}

interface TaskCall {
  readonly taskId: string;
  readonly payload: unknown;
}

/** Something that tasks are for and that cannot be hurried: a slow service over HTTP with few slots. */
export class ConstrainedService {
  private readonly answered = new Set<string>();
  private busy = 0;

  private constructor(
    private readonly server: Server,
    private readonly options: ConstrainedServiceOptions,
  ) {}

  static async start(options: ConstrainedServiceOptions): Promise<ConstrainedService> {
    const server = createServer();
    const service = new ConstrainedService(server, options);
    server.on('request', (request, response) => void service.answer(request, response));
    server.listen(0, options.host);
    await once(server, 'listening');
    return service;
  }

  get url(): string {
    const { host } = this.options;
    return `http://${host.includes(':') ? `[${host}]` : host}:${(this.server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await json(request).catch(() => undefined);
    if (!isTaskCall(call)) return void response.writeHead(400).end();
    const { slots, workMs, random, onAnswered } = this.options;
    if (this.busy >= slots) return void response.writeHead(503, { 'retry-after': '1' }).end();
    this.busy++;
    await delay(workMs * (0.5 + random.next()));
    this.busy--;
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"done":true}');
    if (this.answered.has(call.taskId)) return;
    this.answered.add(call.taskId);
    onAnswered(call.payload);
  }
}

const isTaskCall = (body: unknown): body is TaskCall =>
  typeof body === 'object' && body !== null && 'taskId' in body && 'payload' in body;
