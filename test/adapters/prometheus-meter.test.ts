import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type MetricDefinition,
  PrometheusMeter,
  prometheusName,
} from '../../src/adapters/telemetry/prometheus-meter.ts';

const metric = (type: MetricDefinition['type'], unit: MetricDefinition['unit']): MetricDefinition => ({
  type,
  unit,
  meaning: 'What it is.',
  recorded: 'now and then',
});

const FIGURES = {
  VotesRepaired: metric('counter', 'Count'),
  TimeSpent: metric('counter', 'Milliseconds'),
  QueuesWithDeadLetters: metric('gauge', 'Count'),
  OldestTaskAge: metric('gauge', 'Milliseconds'),
  VoteLag: metric('histogram', 'Milliseconds'),
};
type Name = keyof typeof FIGURES;

function newMeter() {
  const meter = new PrometheusMeter(FIGURES);
  return {
    record: (name: Name, value: number) => meter.record(name, value, FIGURES[name].unit),
    /** What Prometheus is shown under a name, labels included. */
    shown: async (): Promise<Record<string, number>> => {
      const lines = (await meter.text()).split('\n').filter((line) => line.startsWith('portside_'));
      return Object.fromEntries(lines.map((line) => line.split(' ')).map(([name, value]) => [name, Number(value)]));
    },
  };
}

describe('the name for Prometheus', () => {
  it.each<[Name, string]>([
    ['VotesRepaired', 'portside_votes_repaired_total'],
    ['TimeSpent', 'portside_time_spent_seconds_total'],
    ['QueuesWithDeadLetters', 'portside_queues_with_dead_letters'],
    ['OldestTaskAge', 'portside_oldest_task_age_seconds'],
    ['VoteLag', 'portside_vote_lag_seconds'],
  ])('of %s says what it counts, in the units of Prometheus', (name, expected) => {
    expect(prometheusName(name, FIGURES[name])).toBe(expected);
  });
});

describe('the meter for Prometheus', () => {
  it('shows counters and histograms before anything is recorded, and gauges only then', async () => {
    const { shown } = newMeter();

    expect(await shown()).toMatchObject({
      portside_votes_repaired_total: 0,
      portside_time_spent_seconds_total: 0,
      portside_vote_lag_seconds_count: 0,
    });
    expect(Object.keys(await shown()).filter((name) => /queues|oldest/.test(name))).toEqual([]);
  });

  it('adds up counters, shows the last of gauges, and sorts what a histogram gets, whatever is recorded', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 400_000 }), { minLength: 1 }), async (values) => {
        const { record, shown } = newMeter();
        for (const name of Object.keys(FIGURES) as Name[]) for (const value of values) record(name, value);

        const sum = values.reduce((all, value) => all + value, 0);
        const last = values.at(-1) as number;
        const all = await shown();
        expect(all.portside_votes_repaired_total).toBe(sum);
        expect(all.portside_time_spent_seconds_total).toBeCloseTo(sum / 1_000, 5);
        expect(all.portside_queues_with_dead_letters).toBe(last);
        expect(all.portside_oldest_task_age_seconds).toBe(last / 1_000);
        expect(all.portside_vote_lag_seconds_count).toBe(values.length);
        expect(all.portside_vote_lag_seconds_sum).toBeCloseTo(sum / 1_000, 5);
        expect(all['portside_vote_lag_seconds_bucket{le="1"}']).toBe(values.filter((ms) => ms <= 1_000).length);
      }),
    );
  });
});
