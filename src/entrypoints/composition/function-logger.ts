import { type DestinationStream, type Logger, pino } from 'pino';
import { systemClock } from '../../adapters/system/clock.ts';

/** What tells invocations apart, in the words of the services that gave the ids. */
interface Invocation {
  /** Lambda's. */
  readonly awsRequestId?: string | undefined;
  /** API Gateway's. */
  readonly gatewayRequestId?: string | undefined;
}

/** An environment works on one invocation at a time. */
let current: Invocation = {};

/** Lines from now on carry the ids of this invocation. */
export function beginInvocation(invocation: Invocation): void {
  current = invocation;
}

/**
 * Logs in the form by which Lambda filters: the level as a word, and an RFC 3339 time under `timestamp`. It reads anything else
 * as INFO, errors too.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
export const functionLogger = (level = 'info', destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: () => `,"timestamp":"${new Date(systemClock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      // Lambda sets the trace for each invocation, and without tracing too.
      mixin: () => ({ ...current, traceId: process.env._X_AMZN_TRACE_ID }),
    },
    destination ?? pino.destination({ sync: true }),
  );
