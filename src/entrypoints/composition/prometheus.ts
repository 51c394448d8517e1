import { type Figures, PrometheusMeter } from '../../adapters/telemetry/prometheus-meter.ts';
import type { Context } from './context.ts';

/** The meter of a process that Prometheus can ask, for the figures of all its contexts. */
export function prometheusMeter(contexts: readonly Context[]): PrometheusMeter {
  const figures: Figures = Object.assign({}, ...contexts.map((context) => context.figures));
  return new PrometheusMeter(figures);
}
