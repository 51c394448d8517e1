import type { Context } from 'aws-lambda';
import { contexts } from '../composition/contexts.ts';
import { beginInvocation, functionLogger } from '../composition/function-logger.ts';
import { Service } from '../composition/service.ts';
import { type Environment, readConfig } from '../config/read-config.ts';
import { SecretEnvironment } from '../config/secrets.ts';
import type { Extra } from '../http/app.ts';
import { basePathsOf } from '../http/base-path.ts';
import { answerEvents } from './answer-events.ts';
import { gatewayRequestIdOf, type HttpEvent } from './http-event.ts';

const log = functionLogger();
const environment = new SecretEnvironment(process.env, contexts, log);
let service = await open(await environment.read());

/** Every route of the HTTP API, behind API Gateway or a load balancer. */
export const handler = async (event: HttpEvent, { awsRequestId }: Pick<Context, 'awsRequestId'>) => {
  beginInvocation({ awsRequestId, gatewayRequestId: gatewayRequestIdOf(event) });
  const env = await environment.read();
  if (env !== service.env) {
    const before = service.lifecycle;
    service = await open(env).catch((error) => {
      log.error({ err: error }, 'a secret was changed to something that is not valid; the ones before stay in use');
      return { ...service, env };
    });
    // An environment has one event at a time, so nobody uses it any more.
    if (service.lifecycle !== before) await before.close();
  }
  const answer = await service.answer(event, awsRequestId);
  // Lambda may freeze the sandbox after the response.
  await service.lifecycle.settle();
  return answer;
};

async function open(env: Environment) {
  const config = readConfig({ ...env, STORAGE: 'dynamodb', ROLE: 'api' }, contexts);
  const logger = functionLogger(config.LOG_LEVEL);
  const service = new Service({ config, contexts, logger });
  const build = async (extras: readonly Extra[]) => {
    const app = await service.buildApp({ extras, serverless: true });
    await app.ready();
    return app;
  };
  const answer = answerEvents({
    api: await build([]),
    withPages: async () => build([(await import('./bundled-pages.ts')).publishBundledPages]),
    basePaths: basePathsOf(config.PUBLIC_BASE_URL),
  });
  return { env, answer, lifecycle: service.lifecycle };
}
