import type { Logger } from 'pino';
import { secretReader } from '../../adapters/secretsmanager/secret-reader.ts';
import { elapsedTime } from '../../adapters/system/elapsed-time.ts';
import { coreSettings } from './core.ts';
import type { Configurable, Environment } from './read-config.ts';

/** Secrets are read again after so long, so that a rotated one is known without a deployment, ms. */
const FRESH_MS = 5 * 60_000;

const SUFFIX = '_SECRET_ARN';

/**
 * An environment some of whose settings are secrets: `API_KEYS_SECRET_ARN` names the secret that holds `API_KEYS`, and
 * so for every other setting.
 */
export class SecretEnvironment {
  private readonly secretIds: readonly (readonly [setting: string, secretId: string])[];
  private known: Environment | undefined;
  private readAt = 0;

  constructor(
    private readonly env: Environment,
    contexts: readonly Configurable[],
    private readonly logger: Logger,
    private readonly readSecret: (secretId: string) => Promise<string> = secretReader(),
    private readonly elapsed: () => number = elapsedTime(),
  ) {
    const names = [coreSettings, ...contexts.map(({ settings }) => settings)].flatMap(Object.keys);
    this.secretIds = names.flatMap((name) => {
      const secretId = env[name + SUFFIX];
      return secretId ? [[name, secretId] as const] : [];
    });
  }

  /**
   * The environment with the secrets in their places: the same object as before while none of them changed. If they
   * cannot be read again, the ones that are known stay in use.
   *
   * @throws Error if they cannot be read the first time
   */
  async read(): Promise<Environment> {
    const now = this.elapsed();
    if (this.known && now < this.readAt + FRESH_MS) return this.known;
    try {
      const secrets = await Promise.all(
        this.secretIds.map(async ([name, secretId]) => [name, (await this.readSecret(secretId)).trim()] as const),
      );
      this.readAt = now;
      const { known } = this;
      if (known && secrets.every(([name, value]) => known[name] === value)) return known;
      this.known = { ...this.env, ...Object.fromEntries(secrets) };
      return this.known;
    } catch (error) {
      if (!this.known) throw error;
      this.readAt = now;
      this.logger.warn({ err: error }, 'secrets could not be read again; the ones read before stay in use');
      return this.known;
    }
  }
}
