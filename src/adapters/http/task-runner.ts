import type { Readable } from 'node:stream';
import type { AxiosResponse } from 'axios';
import { changedNumber } from '../../domain/shared/changed-number.ts';
import type { RunnerSettings } from '../../domain/tasks/queue.ts';
import { MAX_JSON_BYTES } from '../../domain/tasks/task.ts';
import type { Clock } from '../../ports/system.ts';
import type { Cancellation, RunnerCall, RunOutcome, TaskRunner } from '../../ports/tasks.ts';
import { httpWhenUsed } from './http-when-used.ts';
import { isPassing, retryAfterMs } from './retry-after.ts';

/** As much of a refusal's body as is worth keeping, bytes. */
const MAX_REFUSAL_BYTES = 1_000;
/** A result that is nested deeper is kept as text: nothing that is meant as data looks like that. */
const MAX_DEPTH = 200;

/**
 * Has tasks done by a service over HTTP: one `POST` for each attempt. 2xx is success; 408, 425, 429, 5xx, a time-out and
 * no connection are worth another attempt; everything else is not. Redirects are not followed.
 */
export class HttpTaskRunner implements TaskRunner {
  private readonly http = httpWhenUsed({
    maxRedirects: 0,
    responseType: 'stream',
    validateStatus: () => true,
    headers: { 'content-type': 'application/json', accept: 'application/json, */*;q=0.5', 'user-agent': 'portside' },
  });

  constructor(private readonly clock: Clock) {}

  async run(call: RunnerCall, { url, timeoutMs }: RunnerSettings, cancel: Cancellation): Promise<RunOutcome> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, timeoutMs);
    cancel.addEventListener('abort', end);
    if (cancel.aborted) end();
    try {
      const http = await this.http();
      const body = JSON.stringify({ ...call, payload: JSON.parse(call.payload) });
      const headers = { 'idempotency-key': call.taskId, 'portside-attempt': String(call.attempt) };
      const response = await http.post<Readable>(url, body, { headers, signal: ending.signal });
      return await this.outcomeOf(response);
    } catch (error) {
      if (cancel.aborted) return { kind: 'cancelled' };
      const reason = ending.signal.aborted ? `No full answer within ${timeoutMs} ms.` : noConnection(error);
      return { kind: 'retry', error: reason };
    } finally {
      clearTimeout(timer);
      cancel.removeEventListener('abort', end);
    }
  }

  private async outcomeOf({ status, data, headers }: AxiosResponse<Readable>): Promise<RunOutcome> {
    if (status >= 200 && status < 300) return success(await read(data, MAX_JSON_BYTES));
    // The status says it all, so it does not matter whether the rest arrives.
    const { text } = await read(data, MAX_REFUSAL_BYTES).catch(() => ({ text: '' }));
    const error = `The service answered ${status}${text ? `: ${text}` : '.'}`;
    if (!isPassing(status)) return { kind: 'failure', error };
    return { kind: 'retry', error, status, retryAfterMs: retryAfterMs(headers['retry-after'], this.clock.now()) };
  }
}

interface Body {
  readonly text: string;
  readonly isCut: boolean;
}

/** Reads at most `limit` bytes; the connection is given up when there is more. */
async function read(stream: Readable, limit: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > limit) break;
  }
  return { text: new TextDecoder().decode(Buffer.concat(chunks).subarray(0, limit)), isCut: bytes > limit };
}

/** The limit is that of the body: what JSON makes longer, such as the line breaks of a text, fails no work that was done. */
function success({ text, isCut }: Body): RunOutcome {
  if (isCut) return { kind: 'failure', error: `The result is larger than ${MAX_JSON_BYTES} bytes.` };
  return text === '' ? { kind: 'success' } : { kind: 'success', result: jsonText(text) };
}

/** The body as JSON text: what it says if it is JSON that comes back as it was sent, else itself. */
function jsonText(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    const isKept = !isDeeperThan(MAX_DEPTH, value) && !changedNumber(body);
    return JSON.stringify(isKept ? value : body);
  } catch {
    return JSON.stringify(body);
  }
}

function isDeeperThan(limit: number, value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}

const noConnection = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string };
  return `The connection to the service failed: ${code ?? message ?? 'unknown'}.`;
};
