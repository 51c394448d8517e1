import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import type { ServiceIdentifier } from 'inversify';
import { pino } from 'pino';
import type { Settings } from '../../src/entrypoints/composition/settings.ts';
import type { settings as tasksSettings } from '../../src/entrypoints/composition/tasks/settings.ts';
import type { settings as votesSettings } from '../../src/entrypoints/composition/votes/settings.ts';
import { PROJECT } from '../helpers/project.ts';

type FunctionSettings = typeof votesSettings & typeof tasksSettings;

const COMPOSITION = join(PROJECT, 'src/entrypoints/composition');

/** Enough for every profile; what a profile does not need it does not look at. */
const env = {
  AWS_REGION: 'eu-west-1',
  API_KEYS: 'test=0123456789abcdef',
  VOTER_KEY: '0123456789abcdef',
  REDIS_URL: 'redis://127.0.0.1:1',
  RATE_SOURCES: 'frankfurter,reference',
};

/** Every token that anybody makes: the container itself cannot tell which of them nobody bound. */
const tokens: ServiceIdentifier[] = [];
jest.unstable_mockModule(join(COMPOSITION, 'token.ts'), () => ({
  token: (name: string) => {
    const made = Symbol(name);
    tokens.push(made);
    return made;
  },
}));

const { compose, system } = await import('../../src/entrypoints/composition/compose.ts');
const tokensOfSystem = [...tokens];
const { dynamoDbModule, storageModules } = await import('../../src/entrypoints/composition/dynamodb.ts');
const dynamoDbTokens = tokens.filter((token) => !tokensOfSystem.includes(token));
const { contexts } = await import('../../src/entrypoints/composition/contexts.ts');
const { coreSettings, readConfig } = await import('../../src/entrypoints/composition/config.ts');
const votesModules = await import('../../src/entrypoints/composition/votes/module.ts');
const { processingModule } = await import('../../src/entrypoints/composition/tasks/module.ts');
const { sweepingModule, streamModule } = await import('../../src/entrypoints/composition/tasks/function-modules.ts');
const { fleet, ports: taskPorts } = await import('../../src/entrypoints/composition/tasks/tokens.ts');

const tokensOfModules = [...tokens];
const tokensOfFunctions: readonly unknown[] = Object.values(fleet);
/** Tasks in memory need nobody to count them. */
const tokensOfDynamoDb: readonly unknown[] = [...dynamoDbTokens, taskPorts.counts, taskPorts.records];

/** What the functions are made of that serve no requests. */
const functionModules = {
  votesFoldingModule: votesModules.foldingModule,
  votesSweepingModule: votesModules.sweepingModule,
  streamModule,
  sweepingModule,
  processingModule,
};

describe('the composition', () => {
  it('lists every context that has a folder', () => {
    const folders = readdirSync(COMPOSITION, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(contexts.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('has profiles, among them the embedded one', () => {
    expect(profiles()).toContainEqual(expect.objectContaining({ STORAGE: 'memory' }));
  });

  it.each(profiles())('resolves every token with %o', async (profile) => {
    tokens.length = 0;
    const config = readConfig({ ...env, ...profile }, contexts);
    const modules = [...storageModules(config), ...contexts.map((context) => context.module(config))];
    const container = compose(pino({ level: 'silent' }), modules);
    const absent = [...tokensOfFunctions, ...(config.STORAGE === 'dynamodb' ? [] : tokensOfDynamoDb)];
    const all = [...tokensOfModules, ...tokens].filter((token) => !absent.includes(token));

    expect(all.length).toBeGreaterThan(15);
    expect(all.flatMap((token) => messageOf(() => container.get(token)) ?? [])).toEqual([]);
    await container.get(system.lifecycle).close();
  });

  it.each(Object.entries(functionModules))('resolves what a function asks for that is made of the %s', (_, module) => {
    const settings = {
      ...env,
      STORAGE: 'dynamodb',
      ROLE: 'worker',
      WAKE_UPS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:1:wake-ups',
    };
    const container = compose(pino({ level: 'silent' }), [
      dynamoDbModule,
      module(readConfig<FunctionSettings>(settings, contexts)),
    ]);
    const bound = tokensOfModules.filter((token) => container.isBound(token));

    expect(bound.length).toBeGreaterThan(0);
    expect(bound.flatMap((token) => messageOf(() => container.get(token)) ?? [])).toEqual([]);
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
