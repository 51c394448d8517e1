import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What becomes of the bytes between clients and the server behind the proxy. */
export type Traffic =
  | 'pass'
  /** Nobody listens. */
  | 'refused'
  /** What clients send arrives; nothing comes back. */
  | 'silent'
  /** What comes back is late by the time that the function says, ms, and keeps its order. */
  | { readonly lateMs: () => number };

/** Stands between a client and a server that speak over TCP. */
export class TcpProxy {
  private traffic: Traffic = 'pass';
  private server: Server | undefined;
  private port = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(private target: { readonly host: string; readonly port: number }) {}

  /** @param target whose host and port count */
  static async start(target: URL): Promise<TcpProxy> {
    const proxy = new TcpProxy({ host: target.hostname, port: Number(target.port) });
    await proxy.listen();
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Holds from now on, for connections that are open too. */
  async set(traffic: Traffic): Promise<void> {
    this.traffic = traffic;
    if (traffic === 'refused') await this.stop();
    else if (!this.server) await this.listen();
  }

  /** Leads new connections elsewhere; those that are open stay where they are. */
  leadTo(target: URL): void {
    this.target = { host: target.hostname, port: Number(target.port) };
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  private async listen(): Promise<void> {
    this.server = createServer((client) => this.join(client)).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  private join(client: Socket): void {
    const server = connect(this.target);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => server.write(bytes));
    let sent = Promise.resolve();
    server.on('data', (bytes) => {
      const lateMs = typeof this.traffic === 'object' ? this.traffic.lateMs() : 0;
      const due = new Promise((resolve) => setTimeout(resolve, lateMs));
      sent = Promise.all([sent, due]).then(() => {
        if (this.traffic !== 'silent' && !client.destroyed) client.write(bytes);
      });
    });
  }
}
