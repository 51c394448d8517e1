import { type ApiKey, parseApiKey } from '../http/api-keys.ts';
import { anyText, listOf, oneOf, type Settings, type Values, wholeNumber } from './settings.ts';

/** Settings of the service itself; each context adds its own. */
export const coreSettings = {
  HOST: { meaning: 'Address on which the service listens.', fallback: '127.0.0.1', parse: anyText },
  PORT: {
    meaning: 'Port on which it listens; 0 picks a free one.',
    fallback: '8080',
    parse: wholeNumber(0, 65_535),
  },
  LOG_LEVEL: {
    meaning: 'Least severe level that is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
    fallback: 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  },
  STORAGE: {
    meaning: 'Where polls, ballots and tallies are kept. `memory` is gone with the process.',
    fallback: 'memory',
    parse: oneOf('memory'),
  },
  API_KEYS: {
    meaning:
      'Keys for the routes that change things, `name=key,name=key`; a key has 16 to 128 characters. ' +
      'With `STORAGE=memory` one is made at start and printed once if none is given.',
    parse: listOf(parseApiKey),
  },
  SWEEP_SECONDS: {
    meaning: 'How often work that is due (polls past their end) is looked for, in seconds.',
    fallback: '15',
    parse: wholeNumber(1, 3_600),
  },
} satisfies Settings;

export type CoreConfig = Values<typeof coreSettings>;
export type { ApiKey };

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
  /** Rules between settings: a sentence for each that is broken. */
  readonly check?: (config: never) => readonly string[];
}

/**
 * Reads and checks every setting at once.
 *
 * @throws ConfigError that names every bad setting
 */
export function readConfig<S extends Settings = Record<never, never>>(
  env: Readonly<Record<string, string | undefined>>,
  contexts: readonly Configurable[],
): CoreConfig & Values<S> {
  const settings: Settings = Object.assign({}, coreSettings, ...contexts.map((context) => context.settings));
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const text = env[name] || setting.fallback;
    try {
      values[name] = text === undefined ? undefined : setting.parse(text);
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`);
    }
  }
  if (problems.length === 0) for (const { check } of contexts) problems.push(...(check?.(values as never) ?? []));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as CoreConfig & Values<S>;
}
