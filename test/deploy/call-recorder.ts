import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A call to a service of AWS, as it was sent. */
export interface Call {
  /** Whose it is. */
  readonly accessKeyId: string;
  /** Such as `dynamodb`. */
  readonly service: string;
  /** Such as `TransactWriteItems`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly status: number;
  /** The answer, where it is a refusal. */
  readonly refusal?: string;
}

/** A proxy in front of AWS that writes down every call, and leaves it as it is: the signature has to hold. */
export class CallRecorder {
  readonly calls: Call[] = [];
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  /** @param port of loopback, where the calls go */
  static async start(port: number): Promise<CallRecorder> {
    const server = createServer((received, response) => void recorder.pass(received, response));
    const recorder = new CallRecorder(server, port);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return recorder;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async pass(received: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path, headers } = received;
    const body = await buffer(received);
    const forwarded = request({ host: '127.0.0.1', port: this.port, agent: this.agent, method, path, headers });
    forwarded.on('error', () => response.destroy());
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const bytes = await buffer(answer);
    const status = answer.statusCode as number;
    this.calls.push({ ...callIn(received, body), status, ...(status < 400 ? {} : { refusal: bytes.toString() }) });
    response.writeHead(status, answer.headers).end(bytes);
  }
}

/** Reads a call of the protocols in which the services speak that functions use: JSON with a target, a form, or a path. */
function callIn(
  { method, url: path, headers }: IncomingMessage,
  body: Buffer,
): Pick<Call, 'accessKeyId' | 'service' | 'operation' | 'input'> {
  const [, accessKeyId = '', service = ''] =
    /Credential=([^/]+)\/\d+\/[\w-]+\/([\w-]+)\//.exec(headers.authorization ?? '') ?? [];
  // Every request of theirs needs one and the same permission.
  if (service === 'execute-api')
    return { accessKeyId, service, operation: 'ManageConnections', input: { method, path } };
  const target = headers['x-amz-target'];
  const input = target ? JSON.parse(body.toString()) : Object.fromEntries(new URLSearchParams(body.toString()));
  return { accessKeyId, service, operation: String(target?.toString().split('.').at(-1) ?? input.Action), input };
}
