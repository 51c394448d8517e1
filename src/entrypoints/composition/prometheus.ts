import { type MetricDefinitions, PrometheusMeter } from '../../adapters/telemetry/prometheus-meter.ts';
import type { Context } from './context.ts';

/** Recorded where data is kept on the disk of the process. */
export const diskMetrics = {
  DiskFreeBytes: {
    type: 'gauge',
    unit: 'Count',
    meaning: 'What is free on the disk of `DATA_DIR`, in bytes.',
    recorded: 'with every sweep',
  },
  DiskSlowestSync: {
    type: 'gauge',
    unit: 'Milliseconds',
    meaning: 'How long the slowest sync of the disk took since the sweep before.',
    recorded: 'with every sweep',
  },
} satisfies MetricDefinitions;

/** The meter of a process that Prometheus can ask, for the metrics of all its contexts. */
export function prometheusMeter(contexts: readonly Context[]): PrometheusMeter {
  const metrics: MetricDefinitions = Object.assign({}, diskMetrics, ...contexts.map((context) => context.metrics));
  return new PrometheusMeter(metrics);
}
