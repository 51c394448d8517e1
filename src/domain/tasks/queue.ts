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
 * An open breaker: the service behind the runner is away, and the built-in workers call it with one task at a time, to
 * see whether it is back.
 */
export interface Breaker {
  /** Probes in a row that failed. */
  readonly failures: number;
  /** When the next probe may begin, epoch ms. While one is under way: when it is over at the latest, its process dead. */
  readonly probeAt: number;
}

/** What the processes of a fleet tell each other of a queue. */
export interface QueueMemory {
  /** None while it is closed. */
  readonly breaker?: Breaker | undefined;
  /** The last turn of an adaptive queue; none while it has kept its first order. */
  readonly turn?: Turn | undefined;
}

/** A queue as it is. */
export interface Queue extends QueueSettings, QueueMemory {
  /** Nobody claims from a queue that is paused. */
  readonly paused: boolean;
  /** Names its settings, and is never given twice; none while they are those of the first release or of no queue. */
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

/** What a caller says of a queue; whatever is left out has its default. */
export type QueueDraft = Partial<Omit<QueueSettings, 'queue' | 'retry' | 'runner'>> & {
  readonly retry?: Partial<RetrySettings>;
  readonly runner?: Partial<RunnerSettings> & Pick<RunnerSettings, 'url'>;
};

/** The settings that a draft amounts to; of an empty draft, those of a queue that nobody has configured. */
export const queueSettings = (queue: string, { retry, runner, ...draft }: QueueDraft = {}): QueueSettings => ({
  ...DEFAULTS,
  ...draft,
  queue,
  retry: { ...DEFAULTS.retry, ...retry },
  ...(runner ? { runner: { ...RUNNER_DEFAULTS, ...runner } } : {}),
});
