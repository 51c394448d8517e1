import type { MetricDefinitions } from '../../../adapters/telemetry/prometheus-meter.ts';

export const metrics = {
  ReactionFailures: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Feedback that could not be put into its queue after ten tries, so that nobody is told of it.',
    recorded: 'when there is any; on Lambda, its records are in the failure queue of the function instead',
  },
} satisfies MetricDefinitions;
