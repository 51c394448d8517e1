import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RunnerSettings } from '../../domain/tasks/queue.ts';
import { MAX_JSON_BYTES } from '../../domain/tasks/task.ts';
import type { Clock } from '../../ports/system.ts';
import type { Cancellation, RunnerCall, RunOutcome, TaskRunner } from '../../ports/tasks.ts';
import { findLossyNumber, isTooDeep } from '../common/exact-json.ts';
import { type AllowedHosts, hostOf } from './allowed-hosts.ts';
import { type AnswerBody, beginningOf, readBody } from './answer-body.ts';
import { AddressRefused, HttpPoster, Unanswered } from './post.ts';
import { isRetryable, retryAfterMs } from './retry-after.ts';

/** How much of an error's body is kept, bytes. */
const MAX_REFUSAL_BYTES = 1_000;
const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, */*;q=0.5',
  'accept-encoding': 'gzip, deflate, br',
  'user-agent': 'portside',
};

/**
 * Runs tasks by calling a service over HTTP: one `POST` for each call. 2xx is success, whatever the body; 408, 425, 429, 5xx,
 * a time-out and a connection that breaks are retried; everything else is permanent. A service to which no
 * connection could be made is unreachable.
 */
export class HttpTaskRunner implements TaskRunner {
  private readonly poster = new HttpPoster();

  constructor(
    private readonly clock: Clock,
    private readonly hosts: AllowedHosts,
  ) {}

  async run(call: RunnerCall, runner: RunnerSettings, cancel: Cancellation): Promise<RunOutcome> {
    if (cancel.aborted) return { kind: 'cancelled' };
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, runner.timeoutMs);
    cancel.addEventListener('abort', end);
    try {
      if (this.hosts.refuses(runner.url)) return refused(runner.url);
      return await this.outcomeOf(await this.send(call, runner, ending.signal));
    } catch (error) {
      if (cancel.aborted) return { kind: 'cancelled' };
      return withoutAnswer(error, runner, ending.signal.aborted);
    } finally {
      clearTimeout(timer);
      cancel.removeEventListener('abort', end);
    }
  }

  private send(
    { taskId, queue, attempt, deliveries, payload }: RunnerCall,
    { url, headers, secret }: RunnerSettings,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const body = JSON.stringify({ taskId, queue, attempt, payload: JSON.parse(payload) });
    const host = hostOf(url);
    return this.poster.post(new URL(url), {
      headers: {
        ...HEADERS,
        ...lowerCased(headers),
        'content-length': Buffer.byteLength(body),
        'idempotency-key': taskId,
        'portside-attempt': attempt,
        'portside-delivery': deliveries,
        ...(secret === undefined ? {} : { 'portside-signature': this.signature(body, secret) }),
      },
      body,
      signal,
      allows: (address) => this.hosts.allows(host, address),
    });
  }

  private signature(body: string, secret: string): string {
    const seconds = Math.floor(this.clock.now() / 1_000);
    return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
  }

  private async outcomeOf(answer: IncomingMessage): Promise<RunOutcome> {
    const { statusCode: status = 0, headers } = answer;
    if (status >= 200 && status < 300) return success(await readBody(answer, MAX_JSON_BYTES));
    // The status decides; the rest of the body is optional.
    const text = await beginningOf(answer, MAX_REFUSAL_BYTES);
    const error = `The service answered ${status}${text ? `: ${text}` : '.'}`;
    if (!isRetryable(status)) return { kind: 'failure', error };
    return { kind: 'retry', error, status, retryAfterMs: retryAfterMs(headers, this.clock.now()) };
  }
}

const lowerCased = (headers: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** A 2xx is a success, even if its body cannot be kept. */
function success(body: AnswerBody): RunOutcome {
  if ('remark' in body) return { kind: 'success', remark: body.remark };
  return body.text === '' ? { kind: 'success' } : { kind: 'success', result: jsonText(body.text) };
}

const refused = (url: string): RunOutcome => ({
  kind: 'failure',
  error: `The setting RUNNER_HOSTS does not let runners call ${hostOf(url)}.`,
});

/** @param isLate whether the call was ended by its time-out */
function withoutAnswer(error: unknown, { url, timeoutMs }: RunnerSettings, isLate: boolean): RunOutcome {
  const { cause, reached } = error instanceof Unanswered ? error : { cause: error, reached: true };
  if (cause instanceof AddressRefused) return refused(url);
  if (reached) return { kind: 'retry', error: isLate ? `No full answer within ${timeoutMs} ms.` : noConnection(cause) };
  return { kind: 'unreachable', error: isLate ? `No connection within ${timeoutMs} ms.` : noConnection(cause) };
}

/** The body as JSON text: what it says if it is JSON that comes back as it was sent, else itself. */
function jsonText(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    const isKept = !isTooDeep(value) && !findLossyNumber(body);
    return JSON.stringify(isKept ? value : body);
  } catch {
    return JSON.stringify(body);
  }
}

const noConnection = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string };
  return `The connection to the service failed: ${code ?? message ?? 'unknown'}.`;
};
