import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../../ports/system.ts';

/** A metric that is recorded under a name such as `VoteLag`. */
export interface MetricDefinition {
  /**
   * What becomes of the values: a counter adds them up, a gauge shows the last one, and a histogram counts how many were
   * how large.
   */
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** In which it is recorded. Prometheus counts time in seconds. */
  readonly unit: 'Count' | 'Milliseconds';
  readonly meaning: string;
  /** When it is recorded. */
  readonly recorded: string;
}

export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

/** Bucket bounds, from unnoticeable to unacceptable, s. */
const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** `VoteLag` is `portside_vote_lag_seconds`. */
export function prometheusName(name: string, { type, unit }: MetricDefinition): string {
  const words = name.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
  return `portside_${words}${unit === 'Milliseconds' ? '_seconds' : ''}${type === 'counter' ? '_total' : ''}`;
}

/**
 * Publishes metrics to Prometheus, those of the process included. Counters and histograms are there from the start, since the
 * first increase of one that appears later is not seen; a gauge is there once it has been recorded, since nothing is known
 * before.
 */
export class PrometheusMeter implements Meter {
  private readonly registry = new Registry();
  private readonly recorders: ReadonlyMap<string, (value: number) => void>;
  private readonly answers = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer a request, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [this.registry],
  });

  constructor(metrics: MetricDefinitions) {
    collectDefaultMetrics({ register: this.registry });
    this.recorders = new Map(
      Object.entries(metrics).map(([name, metric]) => [name, recorder(this.registry, name, metric)]),
    );
  }

  /** What {@link text} is. */
  get contentType(): string {
    return this.registry.contentType;
  }

  record(name: string, value: number, unit: 'Count' | 'Milliseconds'): void {
    this.recorders.get(name)?.(unit === 'Milliseconds' ? value / 1_000 : value);
  }

  /** Records how long a request took to be answered. */
  recordAnswer(method: string, route: string, status: number, ms: number): void {
    this.answers.observe({ method, route, status }, ms / 1_000);
  }

  /** All of it in the Prometheus text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}

function recorder(registry: Registry, name: string, metric: MetricDefinition): (value: number) => void {
  const options = { name: prometheusName(name, metric), help: metric.meaning, registers: [registry] };
  switch (metric.type) {
    case 'counter': {
      const counter = new Counter(options);
      return (value) => counter.inc(value);
    }
    case 'histogram': {
      const histogram = new Histogram({ ...options, buckets: BUCKETS });
      return (value) => histogram.observe(value);
    }
    case 'gauge': {
      const gauge = new Gauge(options);
      gauge.remove();
      return (value) => gauge.set(value);
    }
  }
}
