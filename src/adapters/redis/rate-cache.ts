import { isCurrency } from '../../domain/stocks/currencies.ts';
import { readRates } from '../../domain/stocks/rates.ts';
import type { LeaseOutcome, RateCache, RateEntry } from '../../ports/stocks.ts';
import type { RedisCommands } from './when-used.ts';

/** Rises when the form of an entry changes, so that versions that run side by side do not read each other's. */
const FORMAT_VERSION = 1;

/** What the lease holds while nobody may have it; holders are stored as `by <holder>`. */
const PAUSE = 'pause';

/** An entry begins with the time of its confirmation, so that the server can tell the later one. */
const PUT = `
local there = redis.call('GET', KEYS[1])
local confirmedAt = there and tonumber(string.match(there, '^%d+'))
if confirmedAt and confirmedAt > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1`;

const LEASE_TAKEN = 0;
const LEASE_HELD = -1;
/** Answers with one of the above, or with how long the pause lasts, ms. */
const LEASE = `
local there = redis.call('GET', KEYS[1])
if not there or there == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ${LEASE_TAKEN}
end
if there == '${PAUSE}' then return math.max(1, redis.call('PTTL', KEYS[1])) end
return ${LEASE_HELD}`;

const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[1], '${PAUSE}', 'PX', ARGV[2]) else redis.call('DEL', KEYS[1]) end
return 1`;

export class RedisRateCache implements RateCache {
  private readonly tableKey: string;
  private readonly leaseKey: string;

  /** @param sources ids of the sources, in order of preference; processes with the same ones share a table */
  constructor(
    private readonly redis: RedisCommands,
    sources: readonly string[],
  ) {
    this.tableKey = `portside:rates:v${FORMAT_VERSION}:${sources.join('+')}`;
    this.leaseKey = `${this.tableKey}:lease`;
  }

  async get(): Promise<RateEntry | undefined> {
    const stored = await this.redis.get(this.tableKey).catch(withoutCommand);
    return stored === null ? undefined : decode(stored.slice(stored.indexOf(' ') + 1));
  }

  async put(entry: RateEntry, ttlMs: number): Promise<void> {
    const { confirmedAt } = entry.rates;
    await this.redis
      .eval(PUT, 1, this.tableKey, confirmedAt, encode(entry), Math.max(1, Math.ceil(ttlMs)))
      .catch(withoutCommand);
  }

  async lease(holder: string, ms: number): Promise<LeaseOutcome> {
    const answer = await this.redis.eval(LEASE, 1, this.leaseKey, `by ${holder}`, ms).catch(withoutCommand);
    if (answer === LEASE_TAKEN) return { kind: 'taken' };
    return answer === LEASE_HELD ? { kind: 'held' } : { kind: 'paused', ms: Number(answer) };
  }

  async release(holder: string, pauseMs: number): Promise<void> {
    await this.redis.eval(RELEASE, 1, this.leaseKey, `by ${holder}`, pauseMs).catch(withoutCommand);
  }
}

/** ioredis hangs the command on its errors, with everything that was to be stored, or a password. */
function withoutCommand(error: Error): never {
  throw new Error(`Redis: ${error.message}`);
}

const encode = ({ rates: { rates, ...rest }, ...entry }: RateEntry): string =>
  JSON.stringify({ ...entry, ...rest, rates: Object.fromEntries(rates) });

/** @returns undefined for anything that `encode` did not make */
function decode(text: string): RateEntry | undefined {
  try {
    const { sourceId, etag, source, base, asOf, confirmedAt, freshUntil, rates } = JSON.parse(text);
    const read = readRates(base, Object.entries(rates));
    const isWhole =
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
