import type { MetricDefinitions } from '../../../adapters/telemetry/prometheus-meter.ts';

export const metrics = {
  RequestsRefused: {
    type: 'counter',
    unit: 'Count',
    meaning: 'Requests and texts that were over a limit of `LIMITS`.',
    recorded: 'with each',
  },
  LimitsDegraded: {
    type: 'counter',
    unit: 'Count',
    meaning:
      'Requests that a limit of `LIMITS` counted in one process alone, since the store did not answer, or in a bucket that ' +
      'keys share, since there was no room for another.',
    recorded: 'with each',
  },
} satisfies MetricDefinitions;
