import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readFromProject } from '../../helpers/project.ts';
import { type Alarm, type Figures, keyOf, metricsOf, minutesPerPeriod, statesOf } from './cloudwatch.ts';
import { BEGIN, commonFaults, fargateFaults, healthy, lambdaFaults, twice } from './figures.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

const TEMPLATES = { 'template.yaml': lambdaFaults, 'deploy/fargate.yaml': fargateFaults };

const resourcesOf = (path: string): [string, Resource][] =>
  Object.entries(parse(readFromProject(path), { logLevel: 'error', merge: true }).Resources);
const alarmsOf = (path: string): [string, Alarm][] =>
  resourcesOf(path)
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([name, { Properties }]) => [name, Properties as unknown as Alarm]);

/** Alarms that are on in any of the minutes. */
const raised = (path: string, figures: Figures, isLookedAt = (_: number) => true): string[] =>
  alarmsOf(path)
    .filter(([, alarm]) =>
      statesOf(alarm, figures).some((isOn, period) => isOn && isLookedAt((period + 1) * minutesPerPeriod(alarm) - 1)),
    )
    .map(([name]) => name)
    .sort();

describe.each(Object.entries(TEMPLATES))('the alarms of %s', (path, itsFaults) => {
  it.each(Object.entries(healthy))('are off in %s', (_, figures) => {
    expect(raised(path, figures)).toEqual([]);
  });

  const faults = Object.entries({ ...commonFaults, ...itsFaults });

  it.each(faults)('go off when %s, and rest again', (_, { figures, raised: expected }) => {
    expect(raised(path, figures, (minute) => minute < BEGIN)).toEqual([]);
    expect(raised(path, figures)).toEqual([...expected].sort());
    expect(raised(path, figures, (minute) => minute === 59)).toEqual([]);
  });

  it('all go off for something', () => {
    const names = alarmsOf(path).map(([name]) => name);

    expect([...new Set(faults.flatMap(([, { raised }]) => raised))].sort()).toEqual(names.sort());
  });

  it.each(
    path === 'template.yaml'
      ? ['TasksFailed', 'NumberOfMessagesSent VotesFailureQueue', 'NumberOfMessagesSent TasksFailureQueue']
      : ['TasksFailed'],
  )('tell of a second incident, too: %s', (metric) => {
    const changes = alarmsOf(path).flatMap(([name, alarm]) => {
      const states = statesOf(alarm, twice(metric));
      return states.flatMap((isOn, index) => (isOn && !states[index - 1] ? [name] : []));
    });

    expect(changes).toHaveLength(2);
  });

  it('watch every table and every index for throttles of writes and of reads', () => {
    const parts = resourcesOf(path)
      .filter(([, { Type }]) => Type === 'AWS::DynamoDB::Table')
      .flatMap(([name, { Properties }]) => {
        const indexes = (Properties.GlobalSecondaryIndexes ?? []) as readonly { readonly IndexName: string }[];
        return [name, ...indexes.map(({ IndexName }) => IndexName)];
      });
    const watched = alarmsOf(path).flatMap(([, alarm]) => metricsOf(alarm).map(keyOf));

    expect(parts.length).toBeGreaterThan(5);
    for (const kind of ['Write', 'Read'])
      expect(watched.filter((key) => key.startsWith(`${kind}ThrottleEvents `)).sort()).toEqual(
        parts.map((part) => `${kind}ThrottleEvents ${part}`).sort(),
      );
  });

  it('rest on no more metrics than CloudWatch allows, ten', () => {
    for (const [name, alarm] of alarmsOf(path))
      expect([name, metricsOf(alarm).length]).toEqual([name, expect.any(Number)]);
    expect(alarmsOf(path).filter(([, alarm]) => metricsOf(alarm).length > 10)).toEqual([]);
  });

  it('are shown on the dashboard', () => {
    const [, dashboard] = resourcesOf(path).find(([, { Type }]) => Type === 'AWS::CloudWatch::Dashboard') ?? [];
    const shown = [...String(dashboard?.Properties.DashboardBody).matchAll(/\$\{(\w+Alarm)\.Arn\}/g)];

    expect(shown.map(([, name]) => name).sort()).toEqual(
      alarmsOf(path)
        .map(([name]) => name)
        .sort(),
    );
    expect(() => JSON.parse(String(dashboard?.Properties.DashboardBody))).not.toThrow();
  });

  it('are told of by docs/alarms.md, which each of them names', () => {
    for (const [, { Properties }] of resourcesOf(path).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm'))
      expect(Properties.AlarmDescription).toMatch(/ See docs\/alarms\.md\.$/);
  });
});

it('docs/alarms.md tells of every alarm there is, and of no other', () => {
  const told = [...readFromProject('docs/alarms.md').matchAll(/^### `(\w+)`/gm)].map(([, name]) => name);
  const names = Object.keys(TEMPLATES).flatMap((path) => alarmsOf(path).map(([name]) => name));

  expect([...told].sort()).toEqual([...new Set(names)].sort());
});

it('does not pass over metric math that it does not know', () => {
  const alarm = {
    Metrics: [{ Id: 'breach', Expression: 'ANOMALY_DETECTION_BAND(a, 2)' }],
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
  } as const;

  expect(() => statesOf(alarm, { a: [[1]] })).toThrow('There is no a');
});
