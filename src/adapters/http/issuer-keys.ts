import type { AxiosError } from 'axios';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { DomainError } from '../../domain/shared/domain-error.ts';
import { within } from '../common/deadline.ts';
import { boundedClient } from './bounded-client.ts';

/** Keys are read again before they are used at this age, ms: so long one serves that the issuer took away. */
const REFRESH_MS = 10 * 60_000;
/** The age until which keys serve while the issuer cannot be asked, ms. */
const LAST_GOOD_MS = 60 * 60_000;
/** The pause after a read that failed, ms. */
const RETRY_MS = 3_000;
/** For so long after a failed read, ms, requests do not wait for the next one as long as there are keys that may serve. */
const OUTAGE_MS = 60_000;
/** Unknown key ids lead to so many reads at once, and then to one in so many ms. */
const UNKNOWN_BURST = 4;
const UNKNOWN_INTERVAL_MS = 5_000;
const REQUEST_MS = 2_000;
/** How long a caller waits for keys: two requests, and what surrounds them. */
const WAIT_MS = 2 * REQUEST_MS + 500;
const MAX_BODY_BYTES = 256 * 1_024;

export interface IssuerKeysOptions {
  /** The issuer's identity, an address. */
  readonly issuer: string;
  /** By which keys age, ms: never too slow, and time asleep counts. */
  readonly elapsed: () => number;
  readonly onFailure: (reason: string) => void;
}

/**
 * The public keys of an issuer, found by its discovery document.
 *
 *     younger than 10 min   used as they are
 *     older                 read again before they are used
 *     issuer away           the last ones, until they are an hour old; then, or without any, the issuer is unavailable
 *     unknown key id        read again at once, but not for each of many
 *
 * The age counts from the moment at which a read began, since what the issuer took away after that may still be in it.
 * One read is under way at most, and nobody waits for it without end.
 */
export class IssuerKeys {
  private held: { readonly find: JWTVerifyGetKey; readonly readAt: number } | undefined;
  private reading: Promise<void> | undefined;
  /** When the last read failed; undefined if it did not. */
  private failedAt: number | undefined;
  /** When the reads for unknown key ids that were made would have been due, one in each interval. */
  private unknownDueAt = Number.NEGATIVE_INFINITY;
  private readonly http = boundedClient(MAX_BODY_BYTES);

  constructor(private readonly options: IssuerKeysOptions) {}

  /**
   * The key with which a token says that it is signed.
   *
   * @throws DomainError `ACCESS_ISSUER_UNAVAILABLE`
   * @throws errors.JOSEError where the issuer has no such key
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const find = await this.current();
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    if (this.mayReadForUnknown()) await within(WAIT_MS, this.read());
    // The issuer may have the key by now, and cannot be asked.
    if (this.failedAt !== undefined) throw issuerUnavailable();
    return (await this.current())(header, token);
  };

  /** Resolves when no read is under way, at the latest after a second: a frozen function would lose it. */
  async flush(): Promise<void> {
    if (this.reading) await within(1_000, this.reading);
  }

  private async current(): Promise<JWTVerifyGetKey> {
    const age = this.age();
    if (age >= REFRESH_MS && (this.reading || this.sinceFailure() >= RETRY_MS)) {
      const reading = this.read();
      if (age >= LAST_GOOD_MS || this.sinceFailure() >= OUTAGE_MS) await within(WAIT_MS, reading);
    }
    if (!this.held || this.age() >= LAST_GOOD_MS) throw issuerUnavailable();
    return this.held.find;
  }

  private age(): number {
    return this.held ? this.options.elapsed() - this.held.readAt : Number.POSITIVE_INFINITY;
  }

  private sinceFailure(): number {
    return this.failedAt === undefined ? Number.POSITIVE_INFINITY : this.options.elapsed() - this.failedAt;
  }

  /** Whoever makes up key ids must not have the issuer asked for each, nor keep a new key from being found. */
  private mayReadForUnknown(): boolean {
    if (this.reading) return true;
    const now = this.options.elapsed();
    const dueAt = Math.max(this.unknownDueAt, now - (UNKNOWN_BURST - 1) * UNKNOWN_INTERVAL_MS);
    if (dueAt > now || this.sinceFailure() < RETRY_MS) return false;
    this.unknownDueAt = dueAt + UNKNOWN_INTERVAL_MS;
    return true;
  }

  /** Never rejects: what comes of it is in `held` or `failedAt`. */
  private read(): Promise<void> {
    this.reading ??= this.readKeys().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readKeys(): Promise<void> {
    const readAt = this.options.elapsed();
    try {
      this.held = { find: createLocalJWKSet((await this.fetchKeys()) as JSONWebKeySet), readAt };
      this.failedAt = undefined;
    } catch (error) {
      const isNews = this.failedAt === undefined;
      this.failedAt = this.options.elapsed();
      if (isNews) this.options.onFailure(reasonOf(error));
    }
  }

  private async fetchKeys(): Promise<unknown> {
    const { issuer } = this.options;
    const discovery = await this.fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const { issuer: said, jwks_uri: address } = (discovery ?? {}) as Readonly<Record<string, unknown>>;
    if (said !== issuer) throw new Unusable('its discovery document is that of another issuer');
    if (typeof address !== 'string' || !isSafeForKeys(address, issuer))
      throw new Unusable('its discovery document has no safe address of keys');
    return this.fetchJson(address);
  }

  private async fetchJson(url: string): Promise<unknown> {
    const http = await this.http();
    const { status, data } = await http.get<string>(url, {
      signal: AbortSignal.timeout(REQUEST_MS),
      // Unencrypted, keys never leave the machine.
      ...(url.startsWith('http:') && { proxy: false }),
    });
    if (status !== 200) throw new Unusable(`it answered ${status}`);
    try {
      return JSON.parse(data);
    } catch {
      throw new Unusable('its answer is not JSON');
    }
  }
}

/** Why an answer cannot be used. */
class Unusable extends Error {}

/** Keys come encrypted, or from the very host that the operator named as one that needs no encryption. */
export function isSafeForKeys(address: string, issuer: string): boolean {
  if (!URL.canParse(address)) return false;
  const [keys, own] = [new URL(address), new URL(issuer)];
  if (keys.username || keys.password) return false;
  return (
    keys.protocol === 'https:' ||
    (keys.protocol === 'http:' && keys.protocol === own.protocol && keys.hostname === own.hostname)
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof Unusable) return error.message;
  if (error instanceof errors.JOSEError) return 'its keys are not a set of keys';
  const { code, response } = error as AxiosError;
  if (code === 'ERR_CANCELED') return `it did not answer within ${REQUEST_MS} ms`;
  if (code === 'ERR_BAD_RESPONSE' && !response) return 'its answer is too long';
  return `its answer did not arrive (${code ?? 'no code'})`;
}

const issuerUnavailable = (): DomainError =>
  new DomainError(
    'ACCESS_ISSUER_UNAVAILABLE',
    'The issuer of this token cannot be asked for its keys just now. Send the same request again.',
    { retryAfterSeconds: Math.ceil(RETRY_MS / 1_000) },
  );
