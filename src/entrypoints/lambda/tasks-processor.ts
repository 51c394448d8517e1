import type { Context, SNSEvent } from 'aws-lambda';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { type FeedbackConfig, workingModule } from '../composition/feedback/module.ts';
import { beginInvocation, functionLogger } from '../composition/function-logger.ts';
import { processingModule } from '../composition/tasks/module.ts';
import { processorOf, roundOf } from '../composition/tasks/processor.ts';
import { notifyingModule } from '../composition/votes/module.ts';
import type { Environment } from '../config/read-config.ts';
import { SecretEnvironment } from '../config/secrets.ts';
import { settings as tasksSettings } from '../config/tasks.ts';
import { check, settings as votesSettings } from '../config/votes.ts';

const context = { settings: { ...tasksSettings, ...votesSettings }, check };
const log = functionLogger();
const environment = new SecretEnvironment(process.env, [context], log);
let service = open(await environment.read());

/** Handles notifications from the topic. While one run works, further invocations end at once. */
export const handler = async (
  { Records }: SNSEvent,
  context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
): Promise<void> => {
  beginInvocation({ awsRequestId: context.awsRequestId });
  const env = await environment.read();
  if (env !== service.env) service = reopen(env);
  const { lifecycle, processor } = service;
  try {
    await lifecycle.resume();
    const round = roundOf(Records.map(({ Sns }) => Sns.Message));
    await processor.run(() => context.getRemainingTimeInMillis(), round);
  } finally {
    await lifecycle.settle();
  }
};

function open(env: Environment) {
  const modules = (config: FeedbackConfig) => [
    dynamoDbModule,
    processingModule(config),
    notifyingModule(config),
    workingModule(config),
  ];
  const container = composeWorker(context, modules, env);
  return { env, lifecycle: container.get(system.lifecycle), processor: processorOf(container) };
}

function reopen(env: Environment) {
  try {
    return open(env);
  } catch (error) {
    log.error({ err: error }, 'a secret was changed to something that is not valid; the ones before stay in use');
    return { ...service, env };
  }
}
