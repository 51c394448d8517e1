import { isCurrency } from '../../domain/stocks/currencies.ts';
import { readRates } from '../../domain/stocks/rates.ts';
import type { LeaseOutcome, RateCache, RateEntry } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';
import type { RedisScripts } from './client.ts';

/** Rises when the form of an entry changes, so that versions that run side by side do not read each other's. */
const FORMAT_VERSION = 3;

/** The value of the lease during a pause; holders are stored as `by <holder>`. */
const PAUSE = 'pause';

/** An entry dated further past the server's time than this, ms, comes from a server whose clock was another. */
const MAX_AHEAD_MS = 5_000;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * Answers with the server's time, epoch ms, and the entry, or with how far that is ahead, ms. Such an entry goes at once:
 * in time its date would be past, and it would pass for younger than it is.
 */
const GET = `${NOW}
local there = redis.call('GET', KEYS[1])
local confirmedAt = there and tonumber(string.match(there, '^%d+'))
if confirmedAt and confirmedAt > now + ${MAX_AHEAD_MS} then
  redis.call('DEL', KEYS[1])
  return { now, false, confirmedAt - now }
end
return { now, there }`;

/**
 * An entry begins with the server's time of its confirmation, so that the later one can be determined; that time is counted
 * from the writer's last reading of the server's clock, since the script may run long after it was sent: as soon as the
 * server can be reached again.
 */
const PUT = `${NOW}
local ageMs, freshMs, keptMs, seenAt, text = unpack(ARGV)
local confirmedAt = math.min(now, tonumber(seenAt)) - ageMs
local there = redis.call('GET', KEYS[1])
local thereAt = there and tonumber(string.match(there, '^%d+'))
if thereAt and thereAt > confirmedAt and thereAt <= now + ${MAX_AHEAD_MS} then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', confirmedAt) .. ' ' .. freshMs .. ' ' .. text, 'PX', keptMs)
return 1`;

/** No lease or pause is longer, ms: one that ends later has no end, or was made before the server's clock was set back. */
const MAX_LEASE_MS = 10_000;
const LEASE_TAKEN = 0;
const LEASE_HELD = -1;
/** Answers with one of the above, or with how long the pause lasts, ms. */
const LEASE = `
local there = redis.call('GET', KEYS[1])
local leftMs = redis.call('PTTL', KEYS[1])
if not there or there == ARGV[1] or leftMs < 0 or leftMs > ${MAX_LEASE_MS} then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ${LEASE_TAKEN}
end
if there == '${PAUSE}' then return math.max(1, leftMs) end
return ${LEASE_HELD}`;

const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[1], '${PAUSE}', 'PX', ARGV[2]) else redis.call('DEL', KEYS[1]) end
return 1`;

/** Ends by itself, lest it stay for ever. */
const CHECK = `
redis.call('SET', KEYS[1], '', 'PX', 1000)
return redis.call('GET', KEYS[1])`;

export interface RedisRateCacheOptions {
  /** Processes with the same one share a table and a lease. It holds no credential. */
  readonly name: string;
  /** The time by which the entries of this process are dated. */
  readonly clock: Clock;
  /** Called for an entry that counts as absent, since it is dated that far past the server's time, ms. */
  readonly onAhead: (ms: number) => void;
}

/** Needs Redis 5 or later, one server or a primary behind one address; neither Redis Cluster nor Sentinel. */
export class RedisRateCache implements RateCache {
  private readonly tableKey: string;
  private readonly leaseKey: string;
  /** The server's time, epoch ms, and when it was received, on the monotonic clock. */
  private seen: { readonly time: number; readonly at: number } | undefined;

  constructor(
    private readonly redis: Pick<RedisScripts, 'eval'>,
    private readonly options: RedisRateCacheOptions,
  ) {
    this.tableKey = `portside:rates:v${FORMAT_VERSION}:${options.name}`;
    this.leaseKey = `${this.tableKey}:lease`;
  }

  async get(): Promise<RateEntry | undefined> {
    const askedAt = this.options.clock.now();
    const [time, stored, aheadMs] = (await this.run(GET, this.tableKey)) as [number, string | null, number?];
    this.seen = { time, at: performance.now() };
    if (aheadMs !== undefined) this.options.onAhead(aheadMs);
    const [, stamp, freshMs, text = ''] = /^(\d{1,15}) (\d{1,15}) (.*)$/s.exec(stored ?? '') ?? [];
    const confirmedAt = askedAt - Math.max(0, time - Number(stamp));
    return decode(this.options.name, text, confirmedAt, confirmedAt + Number(freshMs));
  }

  async put(entry: RateEntry, ttlMs: number): Promise<void> {
    const { confirmedAt, freshUntil } = entry.rates;
    if (!this.seen) await this.get();
    const ageMs = Math.max(0, this.options.clock.now() - confirmedAt);
    const freshMs = Math.max(0, freshUntil - confirmedAt);
    const seenAt = this.seen && this.seen.time + Math.floor(performance.now() - this.seen.at);
    const text = encode(this.options.name, entry);
    await this.run(PUT, this.tableKey, ageMs, freshMs, Math.max(1, Math.ceil(ttlMs)), seenAt ?? 0, text);
  }

  async lease(holder: string, ms: number): Promise<LeaseOutcome> {
    const answer = await this.run(LEASE, this.leaseKey, `by ${holder}`, ms);
    if (answer === LEASE_TAKEN) return { kind: 'taken' };
    return answer === LEASE_HELD ? { kind: 'held' } : { kind: 'paused', ms: Number(answer) };
  }

  async release(holder: string, pauseMs: number): Promise<void> {
    await this.run(RELEASE, this.leaseKey, `by ${holder}`, pauseMs);
  }

  /** Resolves when the server does what the other methods need. */
  async check(): Promise<void> {
    await this.run(CHECK, `${this.tableKey}:check`);
  }

  /** ioredis attaches the command, with its arguments or a password, to its errors: only their message is kept. */
  private async run(script: string, key: string, ...args: (string | number)[]): Promise<unknown> {
    return this.redis.eval(script, 1, key, ...args).catch((error: Error) => {
      throw new Error(`Redis: ${error.message}`);
    });
  }
}

/**
 * Everything but the times, which the server keeps; and the cache's name, since an entry may come under a name that it was
 * not stored under: by a connection that mixes answers up, or by hand.
 */
function encode(name: string, { sourceId, etag, rates: { source, base, asOf, rates } }: RateEntry): string {
  return JSON.stringify({ name, sourceId, etag, source, base, asOf, rates: Object.fromEntries(rates) });
}

/** @returns undefined for anything that `encode` did not make under that name */
function decode(name: string, text: string, confirmedAt: number, freshUntil: number): RateEntry | undefined {
  try {
    const { name: storedUnder, sourceId, etag, source, base, asOf, rates } = JSON.parse(text);
    const read = readRates(base, Object.entries(rates));
    const isWhole =
      storedUnder === name &&
      [sourceId, source].every((value) => typeof value === 'string') &&
      ['string', 'undefined'].includes(typeof etag) &&
      [asOf, confirmedAt, freshUntil].every(Number.isSafeInteger) &&
      isCurrency(base) &&
      read.rates.size === Object.keys(rates).length;
    return isWhole
      ? { sourceId, etag, rates: { source, base, asOf, confirmedAt, freshUntil, rates: read.rates } }
      : undefined;
  } catch {
    return undefined;
  }
}
