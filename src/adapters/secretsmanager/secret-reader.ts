import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { boundedRequests } from '../aws/bounded-requests.ts';

const ANSWER_TIMEOUT_MS = 2_000;

/** Reads secrets of AWS Secrets Manager as text, whether they are stored as text or as bytes. */
export function secretReader(): (secretId: string) => Promise<string> {
  const client = new SecretsManagerClient({ requestHandler: boundedRequests(ANSWER_TIMEOUT_MS) });
  return async (SecretId) => {
    const { SecretString, SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId }));
    return SecretString ?? Buffer.from(SecretBinary ?? []).toString();
  };
}
