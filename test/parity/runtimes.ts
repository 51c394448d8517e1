import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { documentClient } from '../../src/adapters/dynamodb/client.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { system } from '../../src/entrypoints/composition/compose.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { injecting, type Send, sendingTo } from '../helpers/http.ts';
import { FunctionProcess } from '../helpers/lambda/function-process.ts';
import { type EventShape, invoking } from '../helpers/lambda/http-events.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { signing, twilioSettings } from '../helpers/signing.ts';
import type { Runtime } from '../scenarios/scenario.ts';

/** The service in one of its runtimes, on tables of its own, with nobody but the requests at work. */
export interface ServiceInRuntime {
  readonly runtime: Runtime;
  readonly send: Send;
  /** Takes its tables away. */
  loseStore(): Promise<void>;
  close(): Promise<void>;
}

interface OpenRuntime {
  readonly send: Send;
  close?(): Promise<void>;
}

type Settings = Readonly<Record<string, string>>;

async function onTablesOfItsOwn(
  runtime: Runtime,
  endpoint: string,
  open: (settings: Settings) => Promise<OpenRuntime>,
): Promise<ServiceInRuntime> {
  const settings = {
    ...dynamoDbSettings(endpoint),
    ...twilioSettings,
    API_KEYS: `test=${KEY}`,
    // The fewer, the sooner a poll is closed.
    VOTE_SHARDS: '1',
  };
  // The SDK reads its own settings from the environment of the process.
  Object.assign(process.env, dynamoDbEnv(endpoint));
  const tables = await makeTables(settings);
  const { send, close = async () => undefined } = await open(settings);
  const loseStore = async () => {
    const client = documentClient();
    await Promise.all(tables.map((TableName) => client.send(new DeleteTableCommand({ TableName }))));
    client.destroy();
  };
  return { runtime, send: signing(send), loseStore, close };
}

/** The routes by themselves, with no HTTP in front of them. */
export const serviceByInject = (endpoint: string): Promise<ServiceInRuntime> =>
  onTablesOfItsOwn('inject', endpoint, async (settings) => {
    const { app, close } = await embeddedApp(settings, {
      contexts: contexts.map((context) => ({ ...context, loops: () => [] })),
      prepare: (container) => void container.rebind(system.machineClock).toConstantValue(systemClock),
    });
    return { send: injecting(app), close };
  });

/** The process that a container runs. @param more settings, beside those of all runtimes */
export const serviceInContainer = (endpoint: string, more: Settings = {}): Promise<ServiceInRuntime> =>
  onTablesOfItsOwn('container', endpoint, async (settings) => {
    const server = await ServerProcess.start({ ...settings, ROLE: 'api', ...more });
    return { send: sendingTo(server.url), close: async () => void (await server.stop()) };
  });

/** The bundled function behind one kind of front. */
export const serviceOnLambda = (endpoint: string, shape: EventShape): Promise<ServiceInRuntime> =>
  onTablesOfItsOwn(shape.name, endpoint, async (settings) => {
    const api = await FunctionProcess.start('ApiFunction', 'api', settings);
    return { send: invoking(api, shape) };
  });
