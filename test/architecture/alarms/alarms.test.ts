import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readFromProject } from '../../helpers/project.ts';
import { type Alarm, type Figures, keyOf, metricsOf, type Sight, statesOf } from './cloudwatch.ts';
import { BEGIN, commonFaults, fargateFaults, healthy, lambdaFaults, MINUTES, sights, twice } from './figures.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

const TEMPLATES = { 'template.yaml': lambdaFaults, 'deploy/fargate.yaml': fargateFaults };

const resources = new Map(
  Object.keys(TEMPLATES).map((path) => [
    path,
    Object.entries<Resource>(parse(readFromProject(path), { logLevel: 'error', merge: true }).Resources),
  ]),
);
const alarms = new Map(
  [...resources].map(([path, all]) => [
    path,
    all
      .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
      .map(([name, { Properties }]): [string, Alarm] => [name, Properties as unknown as Alarm]),
  ]),
);
const resourcesOf = (path: string): [string, Resource][] => resources.get(path) ?? [];
const alarmsOf = (path: string): [string, Alarm][] => alarms.get(path) ?? [];

/** Most figures are the same in all that is played, and so are the states of alarms that rest on them. */
const played = new Map<Alarm, { readonly of: readonly unknown[]; readonly states: readonly boolean[] }[]>();
function play(alarm: Alarm, figures: Figures, sight: Sight): readonly boolean[] {
  const of = [sight, ...metricsOf(alarm).map((metric) => figures[keyOf(metric)])];
  const before = played.get(alarm) ?? [];
  const known = before.find((each) => each.of.every((part, index) => part === of[index]));
  if (known) return known.states;
  const states = statesOf(alarm, figures, sight);
  played.set(alarm, [...before, { of, states }]);
  return states;
}

/** Alarms that are on in any of the minutes. */
const raised = (path: string, figures: Figures, sight: Sight, isLookedAt = (_: number) => true): string[] =>
  alarmsOf(path)
    .filter(([, alarm]) => play(alarm, figures, sight).some((isOn, minute) => isOn && isLookedAt(minute)))
    .map(([name]) => name)
    .sort();

/** Alarms that go off more than once. */
const flapping = (path: string, figures: Figures, sight: Sight): string[] =>
  alarmsOf(path)
    .filter(([, alarm]) => {
      const states = play(alarm, figures, sight);
      return states.filter((isOn, minute) => isOn && !states[minute - 1]).length > 1;
    })
    .map(([name]) => name);

describe.each(Object.entries(TEMPLATES))('the alarms of %s', (path, itsFaults) => {
  const faults = Object.entries({ ...commonFaults, ...itsFaults });

  describe.each(Object.entries(sights))('where figures are seen %s', (_, sight) => {
    it.each(Object.entries(healthy))('are off in %s', (_, figures) => {
      expect(raised(path, figures, sight)).toEqual([]);
    });

    it.each(faults)('go off when %s, and rest again', (_, { figures, raised: expected }) => {
      expect(raised(path, figures, sight, (minute) => minute < BEGIN)).toEqual([]);
      expect(raised(path, figures, sight)).toEqual([...expected].sort());
      expect(raised(path, figures, sight, (minute) => minute === MINUTES - 1)).toEqual([]);
      // Tasks that fail one after another are told of one by one.
      expect(flapping(path, figures, sight).filter((name) => name !== 'TasksFailedAlarm')).toEqual([]);
    });

    it.each(
      path === 'template.yaml'
        ? ['TasksFailed', 'NumberOfMessagesSent VotesFailureQueue', 'NumberOfMessagesSent TasksFailureQueue']
        : ['TasksFailed'],
    )('tell of a second incident, too: %s', (metric) => {
      const figures = twice(metric);
      const changes = alarmsOf(path).flatMap(([name, alarm]) => {
        const states = play(alarm, figures, sight);
        return states.flatMap((isOn, index) => (isOn && !states[index - 1] ? [name] : []));
      });

      expect(changes).toHaveLength(2);
    });
  });

  it('rest on figures that the faults are made of, and on no others', () => {
    const read = new Set(alarmsOf(path).flatMap(([, alarm]) => metricsOf(alarm).map(keyOf)));
    const changed = new Set(faults.flatMap(([, { figures }]) => Object.keys(figures)));

    expect([...read].filter((key) => !changed.has(key) && !/ThrottleEvents /.test(key))).toEqual([]);
  });

  it('all go off for something', () => {
    const names = alarmsOf(path).map(([name]) => name);

    expect([...new Set(faults.flatMap(([, { raised }]) => raised))].sort()).toEqual(names.sort());
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
    Metrics: [
      { Id: 'breach', Expression: 'ANOMALY_DETECTION_BAND(a, 2)' },
      { Id: 'a', MetricStat: { Metric: { MetricName: 'a' }, Stat: 'Sum', Period: 60 } },
    ],
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
  } as const;

  expect(() => statesOf(alarm, { a: [[1]] })).toThrow('Nobody evaluates');
});

describe('CloudWatch as it is played', () => {
  const alarm = {
    MetricName: 'a',
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 3,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'breaching',
  } as const;
  const lastState = (values: string, treatment: 'breaching' | 'notBreaching') => {
    const samples = values.split(' ').map((value) => (value === '-' ? [] : [Number(value)]));
    return statesOf({ ...alarm, TreatMissingData: treatment }, { a: samples }).at(-1);
  };

  // The examples of its page on missing data, three of three periods, of which the last five are looked at.
  it.each([
    ['0 - 1 - 1', false, false],
    ['0 - - - -', false, false],
    ['- - - - -', true, false],
    ['0 1 1 - 1', true, true],
    ['- - 1 - -', true, false],
  ])('looks back for figures that are missing: %s', (values, breaching, notBreaching) => {
    expect([lastState(values, 'breaching'), lastState(values, 'notBreaching')]).toEqual([breaching, notBreaching]);
  });

  it('sees a late figure in its own period, once it is there, and a filled one in its place until then', () => {
    const sum = {
      Metrics: [
        { Id: 'breach', Expression: 'FILL(a, 0)' },
        { Id: 'a', MetricStat: { Metric: { MetricName: 'a' }, Stat: 'Sum', Period: 60 } },
      ],
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    } as const;
    const figures = { a: [[], [1], [], [], [], []] };
    const twoMinutesLate = { lateness: () => 2, lookedBack: 0 };

    expect(statesOf({ ...sum, EvaluationPeriods: 1 }, figures)).toEqual([false, true, false, false, false, false]);
    expect(statesOf({ ...sum, EvaluationPeriods: 1 }, figures, twoMinutesLate)).not.toContain(true);
    expect(statesOf({ ...sum, EvaluationPeriods: 3, DatapointsToAlarm: 1 }, figures, twoMinutesLate)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
  });
});
