/**
 * Evaluates flags for a million users, and a set of 100 flags for ten thousand:
 *
 *     npm run bench -- flags [count]
 */
import { evaluate, evaluateAll } from '../src/domain/flags/evaluate.ts';
import { aFlag, flagsByKey } from '../test/helpers/flags.ts';

const count = Number(process.argv[2] ?? 1_000_000);

const rules = [
  { if: [{ attribute: 'email', op: 'endsWith', values: ['@example.org'] }], serve: 'blue' },
  { if: [{ attribute: 'version', op: 'gte', values: ['2.5'] }], serve: 'green' },
  {
    if: [],
    serve: {
      rollout: [
        ['blue', 1],
        ['green', 9],
      ],
    },
  },
] as const;
const flags = flagsByKey(...Array.from({ length: 100 }, (_, index) => aFlag(`flag-${index}`, { rules })));
const set = { flags, updatedAt: 0 };
const contextOf = (user: number) => ({ targetingKey: `user-${user}`, email: `${user}@example.com`, version: '2.4' });

/** The time of the processor, ms: others may be at work on the machine. */
const cpuMs = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

const oneMs = cpuMs(() => {
  for (let user = 0; user < count; user++) evaluate(set, 'flag-7', contextOf(user));
});
console.log(`${Math.round(count / (oneMs / 1_000))} evaluations a second and core, of three rules each`);

const users = Math.ceil(count / 100);
const allMs = cpuMs(() => {
  for (let user = 0; user < users; user++) evaluateAll(set, contextOf(user));
});
console.log(`${(allMs / users).toFixed(3)} ms for all 100 flags of a set`);
