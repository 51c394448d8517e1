import { type MetricDefinitions, PrometheusMeter } from '../../adapters/telemetry/prometheus-meter.ts';
import type { Context } from './context.ts';
import { diskMetrics } from './disk.ts';

/** The meter of a process that Prometheus can ask, for the metrics of all its contexts. */
export function prometheusMeter(contexts: readonly Context[]): PrometheusMeter {
  const metrics: MetricDefinitions = Object.assign({}, diskMetrics, ...contexts.map((context) => context.metrics));
  return new PrometheusMeter(metrics);
}
