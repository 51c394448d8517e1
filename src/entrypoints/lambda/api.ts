import { pino } from 'pino';
import { compose, system } from '../composition/compose.ts';
import { readConfig } from '../composition/config.ts';
import { contexts } from '../composition/contexts.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { type Environment, SecretEnvironment } from '../composition/secrets.ts';
import { buildApp, type Extra } from '../http/app.ts';
import { basePathsOf } from '../http/base-path.ts';
import { answerEvents } from './answer-events.ts';
import type { HttpEvent } from './http-event.ts';

const log = pino();
const environment = new SecretEnvironment(process.env, contexts, log);
let service = await open(await environment.read());

/** Every route of the HTTP API, behind API Gateway or a load balancer. */
export const handler = async (event: HttpEvent) => {
  const env = await environment.read();
  if (env !== service.env)
    service = await open(env).catch((error) => {
      log.error({ err: error }, 'a secret was changed to something that is not valid; the ones before stay in use');
      return { ...service, env };
    });
  const answer = await service.answer(event);
  // Lambda may freeze the sandbox after the response.
  await service.lifecycle.settle();
  return answer;
};

async function open(env: Environment) {
  const config = readConfig({ ...env, STORAGE: 'dynamodb', ROLE: 'api' }, contexts);
  const logger = pino({ level: config.LOG_LEVEL });
  const modules = [dynamoDbModule, ...contexts.map((context) => context.module(config))];
  const container = compose(logger, modules, config.METRICS_NAMESPACE);
  const lifecycle = container.get(system.lifecycle);
  const ids = container.get(system.ids);
  const build = async (extras: readonly Extra[]) => {
    const app = await buildApp({
      logger,
      apiKeys: config.API_KEYS ?? [],
      publicUrls: config.PUBLIC_BASE_URL,
      corsOrigins: config.CORS_ORIGINS,
      securityContact: config.SECURITY_CONTACT,
      now: () => container.get(system.machineClock).now(),
      nextId: () => ids.next(),
      health: () => lifecycle.health(),
      resume: () => lifecycle.resume(),
      contexts: contexts.map(({ routes, problems }) => ({ routes: routes(container, config), problems })),
      extras,
      serverless: true,
    });
    await app.ready();
    return app;
  };
  const answer = answerEvents({
    api: await build([]),
    withPages: async () => build([(await import('./bundled-pages.ts')).publishBundledPages]),
    basePaths: basePathsOf(config.PUBLIC_BASE_URL),
  });
  return { env, answer, lifecycle };
}
