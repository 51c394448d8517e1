import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { type Alarm, metricsOf } from '../architecture/alarms/cloudwatch.ts';
import { readFromProject } from '../helpers/project.ts';

const page = readFromProject('docs/deploy.md');
const rows = [...page.matchAll(/^\| ([^|]+) \| ([\d.,]+) \| ([\d.]+) \| ([\d.]+) \|$/gm)].map(
  ([, what = '', number = '', price, dollars]) => ({
    what,
    number: Number(number.replace(',', '')),
    price: Number(price),
    dollars: Number(dollars),
  }),
);
const numberOf = (what: RegExp) => rows.find((row) => what.test(row.what))?.number;

function watchedMetrics(path: string): number {
  const resources = Object.values(parse(readFromProject(path), { logLevel: 'error', merge: true }).Resources) as {
    Type: string;
    Properties: Alarm;
  }[];
  const alarms = resources.filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
  return alarms.flatMap(({ Properties }) => metricsOf(Properties)).length;
}

it('each amount is its number times its price', () => {
  expect(rows.length).toBeGreaterThan(15);
  for (const { number, price, dollars } of rows) expect(Math.abs(number * price - dollars)).toBeLessThan(0.006);
});

it.each(['Lambda', 'Fargate'])('the sum for %s at rest is that of its rows', (where) => {
  const ofRows = rows
    .filter(({ what }) => what.startsWith(`${where}: `))
    .reduce((sum, { dollars }) => sum + dollars, 0);
  const said = new RegExp(`([\\d.]+) on ${where}\\b`).exec(page)?.[1];

  expect(Math.abs(ofRows - Number(said))).toBeLessThan(0.05);
});

it('numbers are those that are counted: units of votes, looks and tasks, and metrics of alarms', () => {
  const units = (what: string, column: number) =>
    Number(
      /^\d+/.exec(new RegExp(`^\\| ${what} \\|(.*)$`, 'm').exec(page)?.[1]?.split('|')[column]?.trim() ?? '')?.[0],
    );

  expect(numberOf(/^a vote: write units/)).toBe(units('a vote', 0));
  expect(numberOf(/^a vote: read units/)).toBe(units('a vote', 1));
  expect(numberOf(/^a look at results: read units/)).toBe(units('a look at results', 1));
  expect(numberOf(/^a task: write units/)).toBe(units('a task, from its arrival to its end', 0));
  expect(numberOf(/^Lambda: metrics that alarms/)).toBe(watchedMetrics('template.yaml'));
  expect(numberOf(/^Fargate: metrics that alarms/)).toBe(watchedMetrics('deploy/fargate.yaml'));
});

it('metrics of its own are those that functions record and that are made of their logs', () => {
  const OF_CONTAINERS = ['BusyRunnerSlots', 'ReactionFailures', 'TaskChanges'];
  const recorded = contexts.flatMap(({ metrics }) => Object.keys(metrics ?? {}));
  const filters = [...readFromProject('template.yaml').matchAll(/Type: AWS::Logs::MetricFilter/g)];

  expect(recorded).toEqual(expect.arrayContaining(OF_CONTAINERS));
  expect(numberOf(/^Lambda: metrics of its own/)).toBe(recorded.length - OF_CONTAINERS.length + filters.length);
});

it('the page says how many alarms each template has, as docs/alarms.md does', () => {
  const [onLambda, onFargate] = ['template.yaml', 'deploy/fargate.yaml'].map(
    (path) => [...readFromProject(path).matchAll(/Type: AWS::CloudWatch::Alarm/g)].length,
  );

  expect(page).toContain(`| Lambda: metrics that alarms look at, ${onLambda} alarms |`);
  expect(page).toContain(`| Fargate: metrics that alarms look at, ${onFargate} alarms |`);
  expect(readFromProject('docs/alarms.md')).toContain(`${onLambda} on Lambda and ${onFargate} on Fargate`);
});

it.each([
  ['vote', 'votes cost'],
  ['look at results', 'looks at results'],
  ['task', 'tasks of a queue with a runner'],
])('the sum for a million of each is that of its rows and of a request: a %s', (what, said) => {
  const sum = rows
    .filter((row) => row.what.startsWith(`a ${what}: `) || row.what.startsWith('any request: '))
    .reduce((total, { dollars }) => total + dollars, 0);

  expect(Number(new RegExp(`a million ${said}(?: about)? (\\d+\\.\\d\\d)`).exec(page)?.[1])).toBeCloseTo(sum, 1);
});
