import { ServiceError, UsageError } from './errors.ts';
import type { Scenario } from './scenario.ts';

const scenarios: Readonly<Record<string, () => Promise<Scenario>>> = {
  votes: async () => (await import('./votes.ts')).votes,
  tasks: async () => (await import('./tasks.ts')).tasks,
  hands: async () => (await import('./hands.ts')).hands,
  rates: async () => (await import('./rates.ts')).rates,
  slack: async () => (await import('./slack.ts')).slack,
};
const DEFAULT_SCENARIO = 'votes';

/** Runs the scenario that the first argument names. */
async function main(args: readonly string[]): Promise<number> {
  const isNamed = args[0] !== undefined && !args[0].startsWith('-');
  const name = isNamed ? (args[0] as string) : DEFAULT_SCENARIO;
  const load = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
  if (!load) return complain(`There is no scenario "${name}". There is: ${Object.keys(scenarios).join(', ')}.`, 2);
  const scenario = await load();
  const rest = isNamed ? args.slice(1) : args;
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(isNamed ? scenario.usage : `${await listOfScenarios()}\n\n${scenario.usage}`);
    return 0;
  }
  try {
    return await scenario.run(rest);
  } catch (error) {
    if (error instanceof UsageError)
      return complain(`${error.message}\nAll options: npm run demo -- ${name} --help`, 2);
    if (error instanceof ServiceError) return complain(error.message, 1);
    throw error;
  }
}

async function listOfScenarios(): Promise<string> {
  const lines = Object.entries(scenarios).map(async ([name, load]) => `  ${name.padEnd(8)}${(await load()).summary}`);
  return `Usage: npm run demo -- [scenario] [options]\n\n${(await Promise.all(lines)).join('\n')}`;
}

function complain(message: string, exitCode: number): number {
  console.error(message);
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2));
