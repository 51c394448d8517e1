import type { RunOutcome } from '../../ports/tasks.ts';
import type { Breaker } from './queue.ts';

/** A call that has ended, by the breaker as it was. */
export interface GuardedCall {
  readonly breaker: Breaker | undefined;
  readonly isProbe: boolean;
  /** Gateway errors in a row, as this process saw them, this call included. */
  readonly gatewayErrors: number;
}

/** The number of gateway errors in a row that opens a breaker. */
const MAX_GATEWAY_ERRORS = 5;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
/** A `Retry-After` of more than a day is taken for a mistake. */
const MAX_RETRY_AFTER_MS = 86_400_000;
/** Time of a probe beside its call, for the claim and for recording the outcome. */
const AROUND_CALL_MS = 5_000;

/** The answers of a proxy that cannot reach the service behind it. */
const GATEWAY_ERRORS = new Set([502, 503, 504]);

/** Whether the answer came, or may have come, from a proxy before the service. */
export const isGatewayError = (outcome: RunOutcome): boolean =>
  outcome.kind === 'retry' && GATEWAY_ERRORS.has(outcome.status ?? 0);

/** Whether the service itself answered. Unknown, hence false, for a call that timed out or was cancelled. */
export function isAnswer(outcome: RunOutcome): boolean {
  if (outcome.kind === 'retry') return outcome.status !== undefined && !isGatewayError(outcome);
  return outcome.kind === 'success' || outcome.kind === 'failure' || outcome.kind === 'later';
}

/** The breaker during a probe, which keeps others from probing. @param callMs how long the call may take */
export const probing = ({ failures }: Breaker, callMs: number, now: number): Breaker => ({
  failures,
  probeAt: now + callMs + AROUND_CALL_MS,
});

/**
 * The breaker after a call; undefined when it is closed.
 *
 *     closed ──not reached, or five gateway errors in a row──▶ open ──any other answer──▶ closed
 *                                                              │ ▲
 *                                                              └─┘ a probe that failed: a longer pause
 *
 * @param now epoch ms
 * @param random from 0 (included) to 1 (excluded)
 */
export function afterCall(
  { breaker, isProbe, gatewayErrors }: GuardedCall,
  outcome: RunOutcome,
  now: number,
  random: number,
): Breaker | undefined {
  if (isAnswer(outcome)) return undefined;
  if (!breaker) {
    const opens = outcome.kind === 'unreachable' || gatewayErrors >= MAX_GATEWAY_ERRORS;
    return opens ? { failures: 0, probeAt: now + pauseMs(0, random) } : undefined;
  }
  // A call that began before the breaker opened brings no news.
  if (!isProbe) return breaker;
  if (outcome.kind === 'cancelled') return { ...breaker, probeAt: now };
  const asked = outcome.kind === 'retry' ? Math.min(outcome.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
  const after = afterFailedProbe(breaker, now, random);
  return { ...after, probeAt: Math.max(after.probeAt, now + asked) };
}

/** The breaker after a probe that did not reach the service, or had no task to reach it with. */
export function afterFailedProbe(breaker: Breaker, now: number, random: number): Breaker {
  const failures = breaker.failures + 1;
  return { failures, probeAt: now + pauseMs(failures, random) };
}

/** Twice as long each time, with jitter so that queues that share a service do not probe it together. */
const pauseMs = (failures: number, random: number): number =>
  Math.round(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + random / 2));
