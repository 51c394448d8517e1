import type { Container, ContainerModule } from 'inversify';
import { pino } from 'pino';
import { compose } from './compose.ts';
import { type Configurable, type CoreConfig, readConfig } from './config.ts';
import type { Settings, Values } from './settings.ts';

/**
 * The settings of a process on DynamoDB that answers no requests: a function beside the API, a command of an operator.
 *
 * @throws ConfigError that names every bad setting
 */
export const readWorkerConfig = <S extends Settings = Record<never, never>>(
  env: Readonly<Record<string, string | undefined>>,
  contexts: readonly Configurable[],
): CoreConfig & Values<S> => readConfig<S>({ ...env, STORAGE: 'dynamodb', ROLE: 'worker' }, contexts);

/**
 * Wires such a process from its environment.
 *
 * @param context whose settings it has, beside those of the service itself
 * @param modules no more than it needs, so that a function starts soon
 * @throws ConfigError that names every bad setting
 */
export function composeWorker<S extends Settings>(
  context: Configurable & { readonly settings: S },
  modules: (config: CoreConfig & Values<S>) => readonly ContainerModule[],
): Container {
  const config = readWorkerConfig<S>(process.env, [context]);
  return compose(pino({ level: config.LOG_LEVEL }), modules(config), config.METRICS_NAMESPACE);
}
