import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { MetricDefinitions } from '../../src/adapters/telemetry/prometheus-meter.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { diskMetrics } from '../../src/entrypoints/composition/disk.ts';
import { PROJECT, readFromProject } from '../helpers/project.ts';

describe('the metrics', () => {
  const metrics: MetricDefinitions = Object.assign({}, diskMetrics, ...contexts.map((context) => context.metrics));
  const files = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' });
  const recorded = files
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [
      ...readFromProject(join('src', path)).matchAll(/\.record\(\s*'(\w+)',[^;]*?'(Count|Milliseconds)',?\s*\)/g),
    ])
    .map(([, name = '', unit]) => ({ name, unit }));

  it('that the source records are all in the lists of the contexts, from which docs/metrics.md is written', () => {
    expect(recorded.length).toBeGreaterThan(5);
    expect(recorded.map(({ name }) => ({ name, unit: metrics[name]?.unit }))).toEqual(recorded);
  });

  it('are recorded nowhere under a name or in a unit that this test does not see', () => {
    const calls = files
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => [...readFromProject(join('src', path)).matchAll(/\bmeter\.record\(/g)]);

    // One of them passes on what it is given.
    expect(calls.length - 1).toBe(recorded.length);
  });

  it('are named once', () => {
    const names = contexts.flatMap((context) => Object.keys(context.metrics ?? {}));
    expect(names).toEqual([...new Set(names)]);
  });
});
