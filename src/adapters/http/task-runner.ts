import type { Readable } from 'node:stream';
import type { AxiosInstance, AxiosResponse } from 'axios';
import type { RunnerSettings } from '../../domain/tasks/queue.ts';
import { MAX_JSON_BYTES } from '../../domain/tasks/task.ts';
import type { Clock } from '../../ports/system.ts';
import type { Cancellation, RunnerCall, RunOutcome, TaskRunner } from '../../ports/tasks.ts';

/** Answers below 500 after which the same call may succeed. */
const PASSING = new Set([408, 425, 429]);
/** As much of a refusal's body as is worth keeping, bytes. */
const MAX_REFUSAL_BYTES = 1_000;
/** A result that is nested deeper is kept as text: nothing that is meant as data looks like that. */
const MAX_DEPTH = 200;

/** Loaded with the first task: a process that only takes tasks in runs none. */
async function httpClient(): Promise<AxiosInstance> {
  const { default: axios } = await import('axios');
  return axios.create({
    maxRedirects: 0,
    responseType: 'stream',
    validateStatus: () => true,
    headers: { 'content-type': 'application/json', accept: 'application/json, */*;q=0.5', 'user-agent': 'portside' },
  });
}

/**
 * Has tasks done by a service over HTTP: one `POST` for each attempt. 2xx is success; 408, 425, 429, 5xx, a time-out and
 * no connection are worth another attempt; everything else is not. Redirects are not followed.
 */
export class HttpTaskRunner implements TaskRunner {
  private client: Promise<AxiosInstance> | undefined;

  constructor(private readonly clock: Clock) {}

  async run(call: RunnerCall, { url, timeoutMs }: RunnerSettings, cancel: Cancellation): Promise<RunOutcome> {
    this.client ??= httpClient();
    const client = await this.client;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, timeoutMs);
    cancel.addEventListener('abort', end);
    if (cancel.aborted) end();
    try {
      const body = JSON.stringify({ ...call, payload: JSON.parse(call.payload) });
      const headers = { 'idempotency-key': call.taskId, 'portside-attempt': String(call.attempt) };
      const response = await client.post<Readable>(url, body, { headers, signal: ending.signal });
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
    if (status < 500 && !PASSING.has(status)) return { kind: 'failure', error };
    return { kind: 'retry', error, retryAfterMs: retryAfterMs(headers['retry-after'], this.clock.now()) };
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

function success({ text, isCut }: Body): RunOutcome {
  if (isCut) return { kind: 'failure', error: `The result is larger than ${MAX_JSON_BYTES} bytes.` };
  return { kind: 'success', result: text === '' ? undefined : jsonText(text) };
}

/** The body as JSON text: what it says if it is JSON, else itself. */
function jsonText(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    return JSON.stringify(isDeeperThan(MAX_DEPTH, value) ? body : value);
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

/** Seconds or a date (RFC 9110 §10.2.3); what is neither does not count. */
function retryAfterMs(header: unknown, now: number): number | undefined {
  const text = String(header ?? '').trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const noConnection = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string };
  return `The connection to the service failed: ${code ?? message ?? 'unknown'}.`;
};
