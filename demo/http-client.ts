import * as http from 'node:http';
import * as https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

export interface Call {
  readonly method: 'DELETE' | 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the first try waits for its answer, ms. Later tries have the client's own patience. */
  readonly firstTimeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpClientOptions {
  readonly connections: number;
  /** How long a try waits for its answer, ms. */
  readonly timeoutMs: number;
  /** Told of each try that got an answer, and how long that took. */
  readonly onAnswer?: (ms: number) => void;
  /** Told of each try after the first. */
  readonly onRetry?: () => void;
}

/** No full answer came, however often the request was sent. */
export class NoAnswerError extends Error {}

const MAX_TRIES = 10;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
/** Answers after which the same request may succeed. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Sends requests over connections that are kept open, and sends again what failed in passing. */
export class HttpClient {
  private readonly agent: http.Agent;
  private readonly request: typeof http.request;

  /** @param base address of the service; a path in it goes before every path */
  constructor(
    private readonly base: URL,
    private readonly options: HttpClientOptions,
  ) {
    const { Agent, request } = base.protocol === 'https:' ? https : http;
    this.agent = new Agent({ keepAlive: true, maxSockets: options.connections });
    this.request = request;
  }

  /**
   * Sends a request again, unchanged, until it is answered: with growing random pauses, or those that `Retry-After` asks
   * for. The request must carry an identity by which the service knows it again.
   *
   * @throws NoAnswerError
   */
  async send(call: Call): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      const timeoutMs = tries === 1 ? (call.firstTimeoutMs ?? this.options.timeoutMs) : this.options.timeoutMs;
      const outcome = await this.sendOnce(call, timeoutMs).catch((error: Error) => error);
      if (!(outcome instanceof Error) && !PASSING.has(outcome.status)) return outcome;
      if (tries === MAX_TRIES) throw new NoAnswerError(describe(outcome));
      const backoffMs = Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
      await delay(outcome instanceof Error ? backoffMs : (retryAfterMs(outcome) ?? backoffMs));
      this.options.onRetry?.();
    }
  }

  /** @throws Error when no full answer came in time */
  sendOnce({ method, path, headers, body }: Call, timeoutMs = this.options.timeoutMs): Promise<Answer> {
    const url = new URL(this.base.pathname.replace(/\/$/, '') + path, this.base);
    const begin = performance.now();
    return new Promise<Answer>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const request = this.request(url, { method, agent: this.agent, headers: { ...headers, ...length } });
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      request.on('error', reject);
      request.on('close', () => clearTimeout(timer));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          this.options.onAnswer?.(performance.now() - begin);
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, text: Buffer.concat(chunks).toString() });
        });
      });
      request.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** The pause that `Retry-After` asks for, in seconds or as a date (RFC 9110 §10.2.3), within reason. */
function retryAfterMs({ headers }: Answer): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 60_000);
}

/** @returns what became of a try, as a person would say it */
export const describe = (outcome: Answer | Error): string =>
  outcome instanceof Error
    ? outcome.message || ((outcome as NodeJS.ErrnoException).code ?? outcome.name)
    : `${outcome.status} ${outcome.text.slice(0, 300)}`;
