import type { FastifyPluginAsync } from 'fastify';
import type { Container, ContainerModule } from 'inversify';
import type { TableDefinition } from '../../adapters/dynamodb/tables.ts';
import type { MetricDefinitions } from '../../adapters/telemetry/prometheus-meter.ts';
import type { CoreConfig } from '../config/core.ts';
import type { Settings, Values } from '../config/settings.ts';
import type { Guards } from '../http/guards.ts';
import type { ProblemTable } from '../http/problems.ts';

/** Work that goes on beside the requests: a consumer of changes, a sweep. */
export interface Loop {
  /** @returns resolves when it has caught up with what an earlier process left */
  start(): Promise<void> | void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

/** A bounded context, with the types of its settings. */
interface ContextDefinition<S extends Settings> {
  readonly name: string;
  readonly settings: S;
  /** Rules between settings: a sentence for each that is broken; it begins with the name of the setting to change. */
  readonly check?: (config: CoreConfig & Values<S>) => readonly string[];
  /** What whoever runs the service should know of this configuration, a sentence each; logged at the start. */
  readonly notices?: (config: CoreConfig & Values<S>) => readonly string[];
  /**
   * What of this configuration does not fit what the store holds, a sentence each; asked before anything is served.
   *
   * @param keyNames of the API keys
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  readonly checkStore?: (
    container: Container,
    config: CoreConfig & Values<S>,
    keyNames: readonly string[],
  ) => Promise<readonly string[]>;
  /** Binds the context's ports and use cases for the configured profile. */
  readonly module: (config: CoreConfig & Values<S>) => ContainerModule;
  /** @param keyNames of the API keys */
  readonly routes: (
    container: Container,
    config: CoreConfig & Values<S>,
    keyNames: readonly string[],
  ) => FastifyPluginAsync;
  readonly problems: ProblemTable;
  /**
   * What it has a say in before a request reaches its route, whichever context that belongs to.
   *
   * @param keyNames of the API keys
   */
  readonly guards?: (container: Container, config: CoreConfig & Values<S>, keyNames: readonly string[]) => Guards;
  /** What it records in the meter, by name. */
  readonly metrics?: MetricDefinitions;
  /** The context's tables, for those who make them without the template. */
  readonly tables: (config: CoreConfig & Values<S>) => readonly TableDefinition[];
  /** Run unless the process serves requests alone (`ROLE=api`). */
  readonly loops?: (container: Container, config: CoreConfig & Values<S>) => readonly Loop[];
  /** Run where requests are served, since they are about what these leave behind in the process. */
  readonly servingLoops?: (container: Container, config: CoreConfig & Values<S>) => readonly Loop[];
}

/** A bounded context as the runtimes see it, whatever its settings are. */
export type Context = ContextDefinition<Settings>;

/** Describes a bounded context; the types of its configuration follow from its settings. */
export const defineContext = <const S extends Settings>(context: ContextDefinition<S>): Context =>
  context as unknown as Context;
