import type { Clock, Meter } from '../../ports/system.ts';

/**
 * Writes figures into the log in CloudWatch's embedded metric format, out of which CloudWatch makes metrics.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export class EmfMeter implements Meter {
  /** @param write is given one line of JSON for each figure */
  constructor(
    private readonly namespace: string,
    private readonly clock: Clock,
    private readonly write: (line: string) => void,
  ) {}

  record(name: string, value: number, unit: 'Count' | 'Milliseconds'): void {
    const metric = { Namespace: this.namespace, Dimensions: [[]], Metrics: [{ Name: name, Unit: unit }] };
    this.write(JSON.stringify({ _aws: { Timestamp: this.clock.now(), CloudWatchMetrics: [metric] }, [name]: value }));
  }
}
