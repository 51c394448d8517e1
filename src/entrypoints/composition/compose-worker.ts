import type { Container, ContainerModule } from 'inversify';
import type { CoreConfig } from '../config/core.ts';
import { type Configurable, type Environment, readWorkerConfig } from '../config/read-config.ts';
import type { Settings, Values } from '../config/settings.ts';
import { compose } from './compose.ts';
import { functionLogger } from './function-logger.ts';

/**
 * Wires a function beside the API from its environment.
 *
 * @param context whose settings it has, beside those of the service itself
 * @param modules no more than it needs, so that it starts soon
 * @param env in place of that of the process
 * @throws ConfigError that names every bad setting
 */
export function composeWorker<S extends Settings>(
  context: Configurable & { readonly settings: S },
  modules: (config: CoreConfig & Values<S>) => readonly ContainerModule[],
  env: Environment = process.env,
): Container {
  const config = readWorkerConfig<S>(env, [context]);
  return compose(functionLogger(config.LOG_LEVEL), modules(config), config.METRICS_NAMESPACE);
}
