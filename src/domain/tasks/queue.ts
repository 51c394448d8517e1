import type { OrderPolicy, Turn } from './order.ts';

/** How the built-in worker calls the service that does the work. */
export interface RunnerSettings {
  readonly url: string;
  /** How long a call may take in all. */
  readonly timeoutMs: number;
  /** Calls at once, for each worker process. */
  readonly concurrency: number;
  /** Calls begun per second, for each worker process; no limit if absent. */
  readonly ratePerSecond?: number;
  /** Sent with each call. Values are never shown again. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Signs each call. Never shown again. */
  readonly secret?: string;
}

/** How long a task waits after a failed attempt, at random up to a bound: `firstSeconds`, then twice as long each time. */
export interface RetrySettings {
  readonly firstSeconds: number;
  readonly maxSeconds: number;
}

export interface QueueSettings {
  readonly queue: string;
  readonly order: OrderPolicy;
  /** Lifetime of a task that does not name its own, and what `adaptive` aims at. */
  readonly deadlineSeconds: number;
  /** The most open tasks, pending and taken. */
  readonly maxPending: number;
  /** Of a claim that does not name its own. */
  readonly leaseSeconds: number;
  readonly maxAttempts: number;
  readonly retry: RetrySettings;
  /** Without one, only workers outside the service drain the queue. */
  readonly runner?: RunnerSettings;
}

/**
 * An open circuit breaker: the service behind the runner is down, and the built-in workers probe it with one task at a
 * time.
 */
export interface Breaker {
  /** Probes in a row that failed. */
  readonly failures: number;
  /** When the next probe may begin, epoch ms. During a probe: the latest time at which it ends, if its process dies. */
  readonly probeAt: number;
}

/** State of a queue that all processes of a fleet share. */
export interface QueueState {
  /** Absent while the breaker is closed. */
  readonly breaker?: Breaker | undefined;
  /** The last change of order of an adaptive queue; absent before the first. */
  readonly turn?: Turn | undefined;
}

/** A queue: its settings and its state. */
export interface Queue extends QueueSettings, QueueState {
  /** Nothing is claimed from a paused queue. */
  readonly paused: boolean;
  /** Unique id of these settings; absent for those of the first release and for defaults that are not stored. */
  readonly version?: string | undefined;
}

/** Twenty attempts whose waits grow to an hour outlast an outage of some four hours. */
const DEFAULTS = {
  order: 'lifo',
  deadlineSeconds: 86_400,
  maxPending: 100_000,
  leaseSeconds: 30,
  maxAttempts: 20,
  retry: { firstSeconds: 1, maxSeconds: 3_600 },
} as const satisfies Omit<QueueSettings, 'queue'>;

const RUNNER_DEFAULTS = { timeoutMs: 10_000, concurrency: 4 } as const satisfies Omit<RunnerSettings, 'url'>;

/** Settings as a caller gives them; omitted ones have their defaults. */
export type QueueDraft = Partial<Omit<QueueSettings, 'queue' | 'retry' | 'runner'>> & {
  readonly retry?: Partial<RetrySettings>;
  readonly runner?: Partial<RunnerSettings> & Pick<RunnerSettings, 'url'>;
};

/** Completes a draft with defaults; an empty draft gives the settings of a queue that was never configured. */
export const queueSettings = (queue: string, { retry, runner, ...draft }: QueueDraft = {}): QueueSettings => ({
  ...DEFAULTS,
  ...draft,
  queue,
  retry: { ...DEFAULTS.retry, ...retry },
  ...(runner ? { runner: { ...RUNNER_DEFAULTS, ...runner } } : {}),
});
