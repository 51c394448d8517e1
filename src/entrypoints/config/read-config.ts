import { type CoreConfig, checkCore, coreSettings } from './core.ts';
import type { Settings, Values } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with the environment, one sentence for each setting. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/** The part of a context that configuration needs. */
export interface Configurable {
  readonly settings: Settings;
  /** Rules between settings: a sentence for each that is broken; it begins with the name of the setting to change. */
  readonly check?: (config: never) => readonly string[];
}

/**
 * Reads and checks every setting at once.
 *
 * @throws ConfigError that names every bad setting
 */
export function readConfig<S extends Settings = Record<never, never>>(
  env: Environment,
  contexts: readonly Configurable[],
): CoreConfig & Values<S> {
  const settings: Settings = Object.assign({}, coreSettings, ...contexts.map((context) => context.settings));
  const problems: string[] = [];
  const unreadable = new Set<string | undefined>();
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const read = (text: string | undefined): unknown => (text === undefined ? undefined : setting.parse(text));
    try {
      values[name] = read(env[name] || setting.fallback);
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`);
      unreadable.add(name);
      // So that the rules between settings can still say what is wrong beside it.
      values[name] = read(setting.fallback);
    }
  }
  for (const [name, { tableSuffix }] of Object.entries(settings))
    if (tableSuffix !== undefined) values[name] ??= `${values.TABLE_PREFIX}${tableSuffix}`;
  const checks = [checkCore, ...contexts.flatMap(({ check }) => check ?? [])];
  const broken = checks.flatMap((check) => check(values as never));
  problems.push(...broken.filter((sentence) => !unreadable.has(sentence.split(' ', 1)[0])));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as CoreConfig & Values<S>;
}

/**
 * The settings of a process on DynamoDB that answers no requests: a function beside the API, a command of an operator.
 *
 * @throws ConfigError that names every bad setting
 */
export const readWorkerConfig = <S extends Settings = Record<never, never>>(
  env: Environment,
  contexts: readonly Configurable[],
): CoreConfig & Values<S> => readConfig<S>({ ...env, STORAGE: 'dynamodb', ROLE: 'worker' }, contexts);
