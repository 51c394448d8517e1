import { pino } from 'pino';
import { contexts } from '../composition/contexts.ts';
import { Service } from '../composition/service.ts';
import { type Environment, readWorkerConfig } from '../config/read-config.ts';

/**
 * Does an operator's work with the service of an environment on DynamoDB, which serves and runs nothing meanwhile.
 *
 * @throws ConfigError that names every bad setting; what the work throws
 */
export async function operate<T>(env: Environment, work: (service: Service) => Promise<T>): Promise<T> {
  const config = readWorkerConfig(env, contexts);
  const service = new Service({ config, contexts, logger: pino({ level: config.LOG_LEVEL }) });
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
