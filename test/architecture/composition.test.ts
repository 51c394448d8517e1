import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Container, ContainerModule } from 'inversify';
import { pino } from 'pino';
import { AnswerClient } from '../../src/domain/flags/answer-client.ts';
import { ConnectClient } from '../../src/domain/flags/connect-client.ts';
import { PushChanges } from '../../src/domain/flags/push-changes.ts';
import { SweepConnections } from '../../src/domain/flags/sweep-connections.ts';
import { SweepTasks } from '../../src/domain/tasks/sweep-tasks.ts';
import { FoldShards } from '../../src/domain/votes/fold-shards.ts';
import { GrowPoll } from '../../src/domain/votes/grow-poll.ts';
import { ReplaceVoterKey } from '../../src/domain/votes/replace-voter-key.ts';
import { SweepPolls } from '../../src/domain/votes/sweep-polls.ts';
import { compose } from '../../src/entrypoints/composition/compose.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { dynamoDbModule } from '../../src/entrypoints/composition/dynamodb.ts';
import { workingModule } from '../../src/entrypoints/composition/feedback/module.ts';
import { ports as outboxPorts, reactingModule } from '../../src/entrypoints/composition/feedback/outbox-module.ts';
import {
  ports as flagsPorts,
  type settings as flagsSettings,
  hostedConnectionsModule,
} from '../../src/entrypoints/composition/flags/function-modules.ts';
import { Service } from '../../src/entrypoints/composition/service.ts';
import {
  enqueuingModule,
  streamModule,
  sweepingModule as tasksSweepingModule,
} from '../../src/entrypoints/composition/tasks/function-modules.ts';
import { processingModule } from '../../src/entrypoints/composition/tasks/module.ts';
import { processorOf } from '../../src/entrypoints/composition/tasks/processor.ts';
import { ports } from '../../src/entrypoints/composition/tasks/tokens.ts';
import {
  foldingModule,
  notifyingModule,
  ports as votesPorts,
  sweepingModule as votesSweepingModule,
} from '../../src/entrypoints/composition/votes/module.ts';
import { type CoreConfig, coreSettings } from '../../src/entrypoints/config/core.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';
import type { Settings, Values } from '../../src/entrypoints/config/settings.ts';
import type { settings as tasksSettings } from '../../src/entrypoints/config/tasks.ts';
import type { settings as votesSettings } from '../../src/entrypoints/config/votes.ts';
import { PROJECT } from '../helpers/project.ts';

/** What the commands of operators ask for, and the check of the store. */
const askedByCommands = [GrowPoll, ReplaceVoterKey, votesPorts.pseudonyms, votesPorts.voterKeys];

type FunctionSettings = typeof votesSettings & typeof tasksSettings & typeof flagsSettings;
type FunctionConfig = CoreConfig & Values<FunctionSettings>;

const COMPOSITION = join(PROJECT, 'src/entrypoints/composition');

/** Enough for every profile; what a profile does not need it does not look at. */
const env = {
  AWS_REGION: 'eu-west-1',
  API_KEYS: 'test=0123456789abcdef',
  VOTER_KEY: '0123456789abcdef',
  REDIS_URL: 'redis://127.0.0.1:1',
  RATE_SOURCES: 'frankfurter,reference',
};

/** Of each function that serves no requests: what it is made of, and what it asks for. */
const functions: Record<
  string,
  [(config: FunctionConfig) => ContainerModule | readonly ContainerModule[], (container: Container) => unknown]
> = {
  'votes-stream': [foldingModule, (container) => container.get(FoldShards)],
  'votes-react': [
    (config) => [enqueuingModule(config), reactingModule(config)],
    (container) => container.get(outboxPorts.outbox),
  ],
  'votes-sweep': [votesSweepingModule, (container) => container.get(SweepPolls)],
  'tasks-stream': [
    streamModule,
    (container) =>
      [ports.counts, ports.active, ports.queues, ports.notifier].map((port) => container.get<unknown>(port)),
  ],
  'flags-socket': [
    hostedConnectionsModule,
    (container) => [container.get(ConnectClient), container.get(AnswerClient), container.get(flagsPorts.registry)],
  ],
  'flags-stream': [hostedConnectionsModule, (container) => container.get(PushChanges)],
  'flags-sweep': [hostedConnectionsModule, (container) => container.get(SweepConnections)],
  'tasks-sweep': [tasksSweepingModule, (container) => container.get(SweepTasks)],
  'tasks-processor': [
    (config) => [processingModule(config), notifyingModule(config), workingModule(config)],
    processorOf,
  ],
};

describe('the composition', () => {
  it('lists every context that has a folder', () => {
    const folders = readdirSync(COMPOSITION, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(contexts.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('has profiles, among them the embedded one', () => {
    expect(profiles()).toContainEqual(expect.objectContaining({ STORAGE: 'memory' }));
  });

  it.each(profiles())('resolves what routes and loops ask for with %o', async (profile) => {
    const config = readConfig({ ...env, ...profile }, contexts);
    const service = new Service({ config, contexts, logger: pino({ level: 'silent' }) });

    expect(() => contexts.map(({ routes }) => routes(service.container, config, ['admin']))).not.toThrow();
    expect(service.loops().length).toBeGreaterThan(3);
    for (const asked of askedByCommands) expect(service.container.get<unknown>(asked)).toBeDefined();
    await service.lifecycle.close();
  });

  it('has a row for every function that serves no requests', () => {
    const entries = readdirSync(join(PROJECT, 'src/entrypoints/lambda'));
    const names = entries.flatMap((entry) => /^((votes|tasks|flags)-.*)\.ts$/.exec(entry)?.[1] ?? []);
    expect(Object.keys(functions).sort()).toEqual(names.sort());
  });

  it.each(Object.entries(functions))('resolves what the function %s asks for', (_, [module, ask]) => {
    const settings = {
      ...env,
      STORAGE: 'dynamodb',
      WAKE_UPS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:1:wake-ups',
      SOCKET_CONNECTIONS_URL: 'https://abc.execute-api.eu-west-1.amazonaws.com/v1',
    };
    const config = readConfig<FunctionSettings>({ ...settings, ROLE: 'worker' }, contexts);
    const container = compose(pino({ level: 'silent' }), [dynamoDbModule, ...[module(config)].flat()]);
    expect(() => ask(container)).not.toThrow();
  });
});

/** Every combination of the settings that choose an adapter, which are those that offer `memory`. */
function profiles(): Record<string, string>[] {
  const settings: Settings = Object.assign({}, coreSettings, ...contexts.map((context) => context.settings));
  return Object.entries(settings).reduce<Record<string, string>[]>(
    (combinations, [name, setting]) => {
      const offered = /^must be one of: (.*)$/.exec(messageOf(() => setting.parse('?')) ?? '')?.[1]?.split(', ') ?? [];
      if (!offered.includes('memory')) return combinations;
      return combinations.flatMap((combination) => offered.map((value) => ({ ...combination, [name]: value })));
    },
    [{}],
  );
}

function messageOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
