import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpService {
  readonly url: string;
  /** Every call so far, in the order of arrival. */
  readonly calls: ReceivedCall[];
  close(): Promise<void>;
}

/** A small HTTP service on a loopback port, a free one unless it is named, which answers as the test says. */
export async function httpService(
  answer: (call: ReceivedCall, response: http.ServerResponse) => void,
  port = 0,
): Promise<HttpService> {
  const calls: ReceivedCall[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url: path = '', headers } = request;
    const call = { method, path, headers, body: Buffer.concat(chunks).toString() };
    calls.push(call);
    answer(call, response);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
