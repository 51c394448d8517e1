import { once } from 'node:events';
import { createServer, request as forward, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy in front of the server that can hold event streams back, as buffering proxies and dead lines do. */
export interface StreamDamper {
  readonly url: string;
  /** From now on nothing more of an event stream comes through, though it stays open. */
  hush(): void;
  /** Streams that are opened from now on come through. */
  release(): void;
  close(): Promise<void>;
}

export async function dampStreams(target: string): Promise<StreamDamper> {
  let isHushed = false;
  const muted = new WeakSet<ServerResponse>();
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const { method, headers, url = '/' } = request;
    const upstream = forward(target + url, { method, headers }, (answer) => {
      if (answer.headers['content-type'] === 'text/event-stream') {
        streams.add(response);
        if (isHushed) muted.add(response);
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.on('data', (chunk) => muted.has(response) || response.write(chunk));
      answer.on('end', () => response.end());
    });
    response.on('close', () => {
      streams.delete(response);
      upstream.destroy();
    });
    upstream.on('error', () => response.destroy());
    request.pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hush: () => {
      isHushed = true;
      for (const stream of streams) muted.add(stream);
    },
    release: () => {
      isHushed = false;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
