import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface FakeSecretsManager {
  readonly endpoint: string;
  /** Text by secret id; may be changed at any time. */
  readonly secrets: Map<string, string>;
  /** How often somebody asked. */
  readonly requests: () => number;
  stop(): Promise<void>;
}

/** A server on loopback that knows `GetSecretValue` as AWS Secrets Manager speaks it. */
export async function startSecretsManager(secrets: Readonly<Record<string, string>>): Promise<FakeSecretsManager> {
  const known = new Map(Object.entries(secrets));
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests++;
    const { SecretId } = (await json(request)) as { SecretId: string };
    const SecretString = known.get(SecretId);
    const isKnown = request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue' && SecretString !== undefined;
    response
      .writeHead(isKnown ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify(isKnown ? { ARN: SecretId, SecretString } : { __type: 'ResourceNotFoundException' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets: known,
    requests: () => requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
