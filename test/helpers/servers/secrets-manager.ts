import { httpService } from '../http-service.ts';

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
  const { url, calls, close } = await httpService(({ headers, body }, response) => {
    const { SecretId } = JSON.parse(body) as { SecretId: string };
    const SecretString = known.get(SecretId);
    const isKnown = headers['x-amz-target'] === 'secretsmanager.GetSecretValue' && SecretString !== undefined;
    response
      .writeHead(isKnown ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify(isKnown ? { ARN: SecretId, SecretString } : { __type: 'ResourceNotFoundException' }));
  });
  return { endpoint: url, secrets: known, requests: () => calls.length, stop: close };
}
