import { pino } from 'pino';
import { contexts } from '../composition/contexts.ts';
import { openStorage } from '../composition/open-storage.ts';
import { Service } from '../composition/service.ts';
import { type Environment, readConfig, readWorkerConfig } from '../config/read-config.ts';

/**
 * Does an operator's work with the service of an environment, which serves and runs nothing meanwhile: on DynamoDB, or with
 * `STORAGE=disk` on the disk of a service that is stopped.
 *
 * @throws ConfigError that names every bad setting; what the work throws
 */
export async function operate<T>(env: Environment, work: (service: Service) => Promise<T>): Promise<T> {
  const config = env.STORAGE === 'dynamodb' ? readWorkerConfig(env, contexts) : readConfig(env, contexts);
  const storage = openStorage(config, (error) => {
    throw error;
  });
  const service = new Service({ config, contexts, storage, logger: pino({ level: config.LOG_LEVEL }) });
  try {
    return await work(service);
  } finally {
    await service.lifecycle.close();
  }
}

/**
 * Makes the tables of every context that are not there yet. May be repeated.
 *
 * @returns their names
 * @throws ConfigError
 */
export const makeTables = (env: Environment): Promise<string[]> => operate(env, (service) => service.makeTables());
