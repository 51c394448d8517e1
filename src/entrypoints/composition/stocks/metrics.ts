import type { MetricDefinitions } from '../../../adapters/telemetry/prometheus-meter.ts';

export const metrics = {
  StaleRates: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Answers that had to do without fresh exchange rates, since no source gave any.',
    recorded: 'with every such answer',
  },
} satisfies MetricDefinitions;
