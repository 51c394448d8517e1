import { createHash } from 'node:crypto';
import type { AxiosError, AxiosResponse } from 'axios';
import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { parse } from 'lossless-json';
import { readRates } from '../../domain/stocks/rates.ts';
import type { RateAnswer, RateRequest, RateSource } from '../../ports/stocks.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { boundedClient } from './bounded-client.ts';
import { type PublishedRates, type RateFormat, type RateService, rateFormats } from './rate-formats.ts';
import { isRetryable, retryAfterMs } from './retry-after.ts';

/** A full table is some 10 kB. */
const MAX_BODY_BYTES = 1_048_576;
/** The wait before a second attempt, ms; up to as much again is added at random. */
const RETRY_DELAY_MS = 100;
/** No second attempt is made with less time left than this, ms. */
const MIN_ATTEMPT_MS = 100;
/** A retry with a longer wait than this, ms, is not made. */
const MAX_RETRY_DELAY_MS = 1_500;
/** The number of failures in a row that starts a cooldown. */
const FAILURES_IN_A_ROW = 3;
/** The cooldown of a source after repeated failures, ms. */
const COOLDOWN_MS = 4_000;
/** The cooldown of a source that refused the key, ms. */
const REFUSED_KEY_COOLDOWN_MS = 240_000;
const KEY_REFUSALS = [401, 403];
/** The longest cooldown of a source while there are no other rates to serve, ms. */
const MAX_URGENT_COOLDOWN_MS = 5_000;
/** A date may be tomorrow's already, east of Greenwich. */
const MAX_AHEAD_MS = 86_400_000;
const MAX_ETAG_LENGTH = 256;
const MAX_REASON_LENGTH = 80;

export interface HttpRateSourceOptions {
  readonly service: RateService;
  /**
   * Scheme, host and path prefix in place of the service's own, and its key as the service's own query parameter.
   * Without one the service itself is asked, without a key.
   */
  readonly url?: URL | undefined;
  /** Single rates that the service dates, and dates earlier than that, ms, are left out. */
  readonly maxAsOfAgeMs: number;
  readonly clock: Clock;
  /** Ms on a clock that only goes forward. */
  readonly monotonic?: () => number;
  readonly random: Random;
}

/** Why a source gave no table. Says nothing of the request, which carries the key. */
export class RateSourceError extends Error {
  /**
   * @param retryInMs after which another attempt may succeed; undefined if it would not
   * @param cooldownMs the cooldown that the source asks for
   */
  constructor(
    message: string,
    readonly retryInMs?: number,
    readonly cooldownMs = 0,
  ) {
    super(message);
    this.name = 'RateSourceError';
  }
}

/** A service of rates on the Internet. Redirects are not followed: they could carry the key elsewhere. */
export class HttpRateSource implements RateSource {
  readonly name: RateService;
  readonly id: string;
  private readonly format: RateFormat;
  private readonly url: URL;
  private readonly http = boundedClient(MAX_BODY_BYTES);
  private failuresInARow = 0;
  /** The present cooldown: its start and length, ms. */
  private cooldown = { since: 0, ms: 0 };
  private readonly monotonic: () => number;

  constructor(private readonly options: HttpRateSourceOptions) {
    this.name = options.service;
    this.format = rateFormats[options.service];
    this.monotonic = options.monotonic ?? (() => performance.now());
    const own = new URL(this.format.baseUrl);
    this.url = new URL(options.url ?? own);
    this.url.pathname = this.url.pathname.replace(/\/$/, '') + this.format.path;
    const prefix = options.url ? `@${options.url.origin}${options.url.pathname.replace(/\/$/, '')}` : '';
    this.id = `${this.name}:${this.format.base}${prefix}${this.queryDigest()}`;
  }

  isCoolingDown(isUrgent: boolean): boolean {
    const { since, ms } = this.cooldown;
    return this.monotonic() < since + (isUrgent ? Math.min(ms, MAX_URGENT_COOLDOWN_MS) : ms);
  }

  async fetch({ withinMs, etag }: RateRequest): Promise<RateAnswer> {
    const end = performance.now() + withinMs;
    const retryOnce = retry(
      handleWhen((error) => delayOf(error) <= MAX_RETRY_DELAY_MS && hasTimeFor(delayOf(error), end)),
      { maxAttempts: 1, backoff: new DelegateBackoff(({ result }) => ('error' in result ? delayOf(result.error) : 0)) },
    );
    try {
      const answer = await retryOnce.execute(() => this.ask(end - performance.now(), etag));
      this.failuresInARow = 0;
      this.cooldown = { since: 0, ms: 0 };
      return answer;
    } catch (error) {
      const waitMs = ++this.failuresInARow >= FAILURES_IN_A_ROW ? COOLDOWN_MS : 0;
      const askedMs = error instanceof RateSourceError ? error.cooldownMs : 0;
      this.cooldown = { since: this.monotonic(), ms: Math.max(waitMs, askedMs) };
      throw error;
    }
  }

  /** Distinguishes queries without revealing them, since any value may be a secret. The key does not change the table. */
  private queryDigest(): string {
    const query = new URLSearchParams(this.url.searchParams);
    if (this.format.keyParameter) query.delete(this.format.keyParameter);
    query.sort();
    return query.size === 0 ? '' : `?${createHash('sha256').update(query.toString()).digest('hex').slice(0, 12)}`;
  }

  private async ask(withinMs: number, etag: string | undefined): Promise<RateAnswer> {
    const http = await this.http();
    const response = await http
      .get<string>(this.url.href, {
        signal: AbortSignal.timeout(Math.max(0, Math.floor(withinMs))),
        headers: etag === undefined ? {} : { 'if-none-match': etag },
      })
      .catch((error) => {
        throw this.unanswered(error, withinMs);
      });
    if (response.status === 304 && etag !== undefined) return { kind: 'unchanged', maxAgeMs: maxAgeOf(response) };
    return this.read(response);
  }

  private unanswered(error: unknown, withinMs: number): RateSourceError {
    if (!(error as AxiosError).isAxiosError) return new RateSourceError('its answer could not be read');
    const { code, response } = error as AxiosError;
    if (code === 'ERR_CANCELED') return new RateSourceError(`it did not answer within ${Math.round(withinMs)} ms`);
    // axios has one code for both, and a response only with the latter.
    if (code === 'ERR_BAD_RESPONSE' && !response) return new RateSourceError('its answer is too long');
    return new RateSourceError(`its answer did not arrive whole (${code ?? 'no code'})`, this.retryDelay());
  }

  private read(response: AxiosResponse<string>): RateAnswer {
    const { status, headers, data } = response;
    const body = parseBody(data);
    const refusal = body === undefined ? undefined : this.format.refusal(body);
    if (status !== 200) throw this.refused(response, refusal);
    if (refusal !== undefined)
      throw new RateSourceError(
        `it refused: ${this.withoutKey(refusal)}`,
        undefined,
        this.format.refusesKey?.(body) ? REFUSED_KEY_COOLDOWN_MS : 0,
      );
    if (body === undefined) throw new RateSourceError('its answer is not JSON');
    const { base, asOf, entries, complaints: rowComplaints = [] } = this.published(body);
    const { rates, warnings } = readRates(base, entries);
    if (rates.size === 0) throw new RateSourceError('its answer has no rate that can be used');
    const etag: unknown = headers.etag;
    return {
      kind: 'table',
      table: { source: this.name, base, asOf, rates },
      etag: typeof etag === 'string' && etag.length <= MAX_ETAG_LENGTH ? etag : undefined,
      maxAgeMs: maxAgeOf(response),
      warnings: [...rowComplaints, ...warnings],
    };
  }

  private published(body: unknown): PublishedRates {
    const now = this.options.clock.now();
    const [earliest, latest] = [now - this.options.maxAsOfAgeMs, now + MAX_AHEAD_MS];
    try {
      const published = this.format.read(body, { earliest, latest });
      if (published.asOf > latest) throw new Error('its time lies in the future');
      return published;
    } catch (error) {
      throw new RateSourceError(`its answer cannot be used: ${(error as Error).message}`);
    }
  }

  private refused({ status, headers }: AxiosResponse, refusal: string | undefined): RateSourceError {
    const reason = refusal === undefined ? '' : `: ${this.withoutKey(refusal)}`;
    const message = `it answered ${status}${reason}`;
    if (KEY_REFUSALS.includes(status)) return new RateSourceError(message, undefined, REFUSED_KEY_COOLDOWN_MS);
    if (!isRetryable(status)) return new RateSourceError(message);
    const askedMs = retryAfterMs(headers, this.options.clock.now()) ?? 0;
    return new RateSourceError(message, Math.max(askedMs, this.retryDelay()), askedMs);
  }

  private retryDelay(): number {
    return RETRY_DELAY_MS * (1 + this.options.random.next());
  }

  /** The message of a service may quote the request, and the key in it. */
  private withoutKey(said: string): string {
    const secrets = [...this.url.searchParams.values()].filter((value) => value !== '');
    return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), said).slice(0, MAX_REASON_LENGTH);
  }
}

const delayOf = (error: unknown): number =>
  error instanceof RateSourceError ? (error.retryInMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;

const hasTimeFor = (delayMs: number, end: number): boolean => performance.now() + delayMs + MIN_ATTEMPT_MS < end;

/** @returns JSON with its numbers as they are written, or undefined if it is none */
function parseBody(text: string): unknown {
  try {
    // Some encoders write these where they have no number. That costs the one rate, not the table.
    return parse(text.replace(/:\s*-?(?:NaN|Infinity)\b/g, ':null'));
  } catch {
    return undefined;
  }
}

/** How long an answer may be kept from now on, ms (RFC 9111 §4.2): its `max-age` less the `Age` that it has. */
function maxAgeOf({ headers }: AxiosResponse): number | undefined {
  const directives = String(headers['cache-control'] ?? '');
  if (/\bno-(?:store|cache)\b/i.test(directives)) return undefined;
  const [, maxAge] = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,9})\b/i.exec(directives) ?? [];
  if (maxAge === undefined) return undefined;
  const [age] = /^\d{1,9}$/.exec(String(headers.age ?? '0').trim()) ?? ['0'];
  return Math.max(0, Number(maxAge) - Number(age)) * 1_000;
}
