import { createHistogram } from 'node:perf_hooks';

const INTERVAL_MS = 1_000;
const TTY_INTERVAL_MS = 100;

/** Latencies of a run, in ms. */
export class Latencies {
  private readonly histogram = createHistogram();

  record(ms: number): void {
    this.histogram.record(Math.max(1, Math.round(ms * 1000)));
  }

  /** @param percentile such as 99 */
  at(percentile: number): number {
    return this.histogram.count === 0 ? 0 : this.histogram.percentile(percentile) / 1000;
  }

  toString(): string {
    return `p50 ${this.at(50).toFixed(1)} ms, p99 ${this.at(99).toFixed(1)} ms`;
  }
}

/**
 * Shows how a run goes: on a terminal one line that is written over, elsewhere a new line each second.
 *
 * @returns a function that shows the last state and ends it
 */
export function showProgress(line: () => string): () => void {
  const isTerminal = process.stdout.isTTY === true;
  const show = (): void => {
    if (isTerminal) process.stdout.write(`\r\x1b[K${line().slice(0, process.stdout.columns - 1)}`);
    else console.log(line());
  };
  const timer = setInterval(show, isTerminal ? TTY_INTERVAL_MS : INTERVAL_MS);
  return () => {
    clearInterval(timer);
    show();
    if (isTerminal) process.stdout.write('\n');
  };
}

export const grouped = (count: number): string => count.toLocaleString('en-US');
