import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const CONNECTION_TIMEOUT_MS = 1_000;
const ANSWER_TIMEOUT_MS = 2_000;

/** Reads secrets of AWS Secrets Manager as text, whether they are stored as text or as bytes. */
export function secretReader(): (secretId: string) => Promise<string> {
  const client = new SecretsManagerClient({
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: ANSWER_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  return async (SecretId) => {
    const { SecretString, SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId }));
    return SecretString ?? Buffer.from(SecretBinary ?? []).toString();
  };
}
