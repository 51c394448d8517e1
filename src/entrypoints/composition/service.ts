import type { FastifyInstance } from 'fastify';
import type { Container } from 'inversify';
import type { Logger } from 'pino';
import { createTables } from '../../adapters/dynamodb/tables.ts';
import type { Meter } from '../../ports/system.ts';
import { type CoreConfig, isEmbedded } from '../config/core.ts';
import { ConfigError } from '../config/read-config.ts';
import type { ApiKey } from '../http/api-keys.ts';
import { buildApp, type Extra } from '../http/app.ts';
import { compose, system } from './compose.ts';
import type { Context, Loop } from './context.ts';
import { goOnFromDisk, watchDisk } from './disk.ts';
import { dynamoDb, dynamoDbModule } from './dynamodb.ts';
import { type EmbeddedStorage, embeddedModule, inMemory, isOnDisk } from './embedded.ts';

export interface ServiceParts {
  readonly config: CoreConfig;
  readonly contexts: readonly Context[];
  readonly logger: Logger;
  /** Where an embedded store keeps its data; in memory unless given. */
  readonly storage?: EmbeddedStorage;
  /** What records metrics, beside CloudWatch. */
  readonly meters?: readonly Meter[];
}

export interface AppParts {
  /** What is served beside the contexts' routes. */
  readonly extras: readonly Extra[];
  /** In place of `API_KEYS`. */
  readonly apiKeys?: readonly ApiKey[];
  readonly serverless?: boolean;
}

/** The whole service in one process. Nothing of it is opened, served or running before it is asked for. */
export class Service {
  readonly container: Container;

  constructor(private readonly parts: ServiceParts) {
    const { config, contexts, logger, meters, storage = inMemory } = parts;
    const modules = [
      isEmbedded(config) ? embeddedModule(storage) : dynamoDbModule,
      ...contexts.map((context) => context.module(config)),
    ];
    this.container = compose(logger, modules, config.METRICS_NAMESPACE, meters);
    if (isOnDisk(storage)) goOnFromDisk(storage, this.container);
  }

  get lifecycle() {
    return this.container.get(system.lifecycle);
  }

  /** The HTTP application; one without the contexts' routes where the process only works (`ROLE=worker`). */
  buildApp({ extras, apiKeys, serverless }: AppParts): Promise<FastifyInstance> {
    const { config, contexts, logger, storage } = this.parts;
    const { container, lifecycle } = this;
    const served = config.ROLE === 'worker' ? [] : contexts;
    const keys = apiKeys ?? config.API_KEYS ?? [];
    const keyNames = keys.map(({ name }) => name);
    return buildApp({
      logger,
      apiKeys: keys,
      guards: served.flatMap(({ guards }) => guards?.(container, config, keyNames) ?? []),
      trustedProxies: config.TRUST_PROXY,
      publicUrls: config.PUBLIC_BASE_URL,
      corsOrigins: config.CORS_ORIGINS,
      securityContact: config.SECURITY_CONTACT,
      now: () => container.get(system.machineClock).now(),
      nextId: () => container.get(system.ids).next(),
      health: async () => ({ ...(await lifecycle.health()), lastSyncMs: storage?.disk?.syncAge() }),
      resume: () => lifecycle.resume(),
      contexts: served.map(({ routes, problems }) => ({ routes: routes(container, config, keyNames), problems })),
      extras,
      serverless,
    });
  }

  /**
   * Makes the tables of all contexts that are not there yet.
   *
   * @returns the names of all
   * @throws ConfigError where there are none
   */
  async makeTables(): Promise<string[]> {
    const { config, contexts } = this.parts;
    if (isEmbedded(config))
      throw new ConfigError([`STORAGE=${config.STORAGE} needs no tables; they are for STORAGE=dynamodb`]);
    const definitions = contexts.flatMap((context) => context.tables(config));
    await createTables(this.container.get(dynamoDb), definitions);
    return definitions.map(({ TableName }) => TableName as string);
  }

  /** The background work of all contexts that is due in this process. */
  loops(): readonly Loop[] {
    const { config, contexts, storage = inMemory } = this.parts;
    const { container } = this;
    const serving = contexts.flatMap(({ servingLoops }) => servingLoops?.(container, config) ?? []);
    if (config.ROLE === 'api') return serving;
    return [
      ...contexts.flatMap(({ loops }) => loops?.(container, config) ?? []),
      ...(config.ROLE === 'worker' ? [] : serving),
      ...(isOnDisk(storage) ? [watchDisk(storage, container, config)] : []),
    ];
  }

  /**
   * What of the configuration does not fit what the store holds, a sentence each.
   *
   * @param apiKeys that are taken
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async checkStore(apiKeys: readonly ApiKey[]): Promise<readonly string[]> {
    const { config, contexts } = this.parts;
    const keyNames = apiKeys.map(({ name }) => name);
    const found = await Promise.all(
      contexts.map((context) => context.checkStore?.(this.container, config, keyNames) ?? []),
    );
    return found.flat();
  }
}
