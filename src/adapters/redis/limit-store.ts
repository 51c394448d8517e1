import { createHash } from 'node:crypto';
import { PolicyOutdated } from '../../domain/limits/errors.ts';
import type { Limit, QuotaPeriod } from '../../domain/limits/policy.ts';
import { type LimitState, standing, take } from '../../domain/limits/take.ts';
import { EPOCH, scaleOf } from '../../domain/limits/units.ts';
import { idempotencyKeyReused, storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { KeptState, LimitKey, LimitStore, Taken, TakeRequest } from '../../ports/limits.ts';
import { SeenLimitStates } from '../common/seen-limit-states.ts';
import type { RedisScripts } from './client.ts';

/** Goes into every key: another format does not read what this one wrote. */
const FORMAT = 1;
/** How long a repeat of an allowed take takes nothing, ms. */
const REPEAT_MS = 60_000;

/**
 * `take` of the domain, in the numbers of Lua, which are those of JavaScript. A state is six numbers: version, units of a
 * ms, TAT, index of the kind of period, its begin, and what was used. Answers with what came of it, the server's time, and
 * the state; the decision follows from these.
 */
const TAKE = `
local version, unitsPerMs, unitsPerRequest, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local per, quota, cost = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
if KEYS[2] then
  local known = redis.call('HMGET', KEYS[2], 'content', 'limit', 'at', 'state')
  if known[1] then
    if known[1] ~= ARGV[8] then return {'reused'} end
    return {'replayed', known[3], known[4], known[2]}
  end
end
local function ceilDivide(a, b)
  local rest = a % b
  if rest == 0 then return a / b end
  return (a - rest) / b + 1
end
local function periodStart(kind)
  if kind == 0 then return now - now % 3600000 end
  local day = (now - now % 86400000) / 86400000
  if kind == 1 then return day * 86400000 end
  -- The day of the month, by the calendar that repeats every 400 years and begins them in March.
  local z = day + 719468
  local dayOfEra = z % 146097
  local yearOfEra = math.floor((dayOfEra - math.floor(dayOfEra / 1460) + math.floor(dayOfEra / 36524) - math.floor(dayOfEra / 146096)) / 365)
  local dayOfYear = dayOfEra - (365 * yearOfEra + math.floor(yearOfEra / 4) - math.floor(yearOfEra / 100))
  local month = math.floor((5 * dayOfYear + 2) / 153)
  return (day - (dayOfYear - math.floor((153 * month + 2) / 5))) * 86400000
end
local nowUnits = (now - ${EPOCH}) * unitsPerMs
local latest = nowUnits + burst * unitsPerRequest
local stored = redis.call('GET', KEYS[1])
local seen = {}
if stored then for number in string.gmatch(stored, '%S+') do seen[#seen + 1] = tonumber(number) end end
if stored and seen[1] > version then return {'outdated', seen[1]} end
local tat, kind, start, used = 0, math.max(per, 0), 0, 0
if stored then
  if seen[1] == version then tat, kind, start, used = seen[3], seen[4], seen[5], seen[6]
  else
    if burst > 0 then tat = math.min(ceilDivide(seen[3], seen[2]) * unitsPerMs, latest) end
    if seen[4] == per then start, used = seen[5], seen[6] end
  end
end
local function state() return table.concat({text(version), text(unitsPerMs), text(tat), text(kind), text(start), text(used)}, ' ') end
local nextTat = math.max(tat, nowUnits) + cost * unitsPerRequest
local current, present = start, used
if per >= 0 and periodStart(per) > start then current, present = periodStart(per), 0 end
local allowed = (burst == 0 or nextTat <= latest) and (per < 0 or present + cost <= quota)
if allowed then
  if burst > 0 then tat = nextTat end
  if per >= 0 then start, used = current, present + cost end
end
if allowed or (stored and seen[1] ~= version) then
  local keptMs = ceilDivide(math.max(0, tat - nowUnits), unitsPerMs)
  local days = {[0] = 3600000, [1] = 86400000, [2] = 2678400000}
  if used > 0 then keptMs = math.max(keptMs, start + days[kind] - now) end
  redis.call('SET', KEYS[1], state(), 'PX', text(math.max(1, keptMs)))
end
if allowed and KEYS[2] then
  redis.call('HSET', KEYS[2], 'content', ARGV[8], 'limit', ARGV[9], 'at', text(now), 'state', state())
  redis.call('PEXPIRE', KEYS[2], ${REPEAT_MS})
end
return {allowed and 'taken' or 'refused', text(now), state()}`;

const READ = `
local time = redis.call('TIME')
return {string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), redis.call('GET', KEYS[1])}`;

const RESET = `return redis.call('DEL', KEYS[1])`;

const PERIODS: readonly QuotaPeriod[] = ['hour', 'day', 'month'];

/** Needs Redis 5 or later, one server or a primary behind one address; one that evicts nothing that has not expired. */
export class RedisLimitStore implements LimitStore {
  private readonly seen = new SeenLimitStates();
  /** By how much the server's time, epoch ms, is ahead of this process's: at least, and at most. */
  private ahead: { readonly least: number; readonly most: number } | undefined;

  /** @param elapsed ms, time asleep included */
  constructor(
    private readonly redis: RedisScripts,
    private readonly elapsed: () => number,
  ) {}

  async take(request: TakeRequest): Promise<Taken> {
    const { limit, cost, id } = request;
    const remembered = id ? undefined : this.remembered(request);
    if (remembered) return remembered;
    const { rate, quota } = limit;
    const scale = rate ? scaleOf(rate) : { unitsPerMs: 1, unitsPerRequest: 0 };
    const keys = [keyOf(request), ...(id ? [takeKeyOf(request, id.id)] : [])];
    const { unitsPerMs, unitsPerRequest } = scale;
    const period = quota ? [PERIODS.indexOf(quota.per), quota.requests] : [-1, 0];
    const numbers = [limit.version, unitsPerMs, unitsPerRequest, rate?.burst ?? 0, ...period, cost];
    const repeats = id ? [id.content, JSON.stringify({ version: limit.version, rate, quota })] : [];
    const [kind, time, text, takenLimit] = await this.run(TAKE, keys, ...numbers, ...repeats);
    if (kind === 'outdated') throw new PolicyOutdated(Number(time));
    if (id && kind === 'reused') throw idempotencyKeyReused(id.id);
    const at = Number(time);
    const state = stateIn(text) as LimitState;
    if (kind === 'replayed') {
      const decision = { allowed: true, ...standing(state, JSON.parse(takenLimit as string) as Limit, at) };
      return { decision, state, at, isReplay: true };
    }
    this.seen.set(request, state);
    if (kind === 'taken') return { decision: { allowed: true, ...standing(state, limit, at) }, state, at };
    return { decision: take(state, limit, cost, at).decision, state, at };
  }

  async read(key: LimitKey): Promise<KeptState> {
    const [time, text] = await this.run(READ, [keyOf(key)]);
    return { state: stateIn(text), at: Number(time) };
  }

  async reset(key: LimitKey): Promise<void> {
    await this.run(RESET, [keyOf(key)]);
  }

  /**
   * A refusal that follows from what this process saw: by the latest that the server's time can be. How long it still lasts
   * is told by the earliest, lest somebody comes back too early.
   */
  private remembered(request: TakeRequest): Taken | undefined {
    const seen = this.seen.get(request);
    if (!seen || this.ahead === undefined) return undefined;
    const { limit, cost } = request;
    const now = this.elapsed();
    if (take(seen, limit, cost, Math.ceil(now + this.ahead.most)).decision.allowed) return undefined;
    const at = Math.floor(now + this.ahead.least);
    return { ...take(seen, limit, cost, at), at };
  }

  /** ioredis attaches the command, with its arguments or a password, to its errors: only their message is kept. */
  private async run(script: string, keys: readonly string[], ...args: (string | number)[]): Promise<readonly string[]> {
    const askedAt = this.elapsed();
    const answer = await this.redis.evalKept(script, keys.length, ...keys, ...args).catch((error: Error) => {
      throw storeUnavailable(new Error(`Redis: ${error.message}`));
    });
    if (!Array.isArray(answer)) return [];
    const time = Number(script === READ ? answer[0] : answer[1]);
    if (time > EPOCH && answer[0] !== 'replayed' && answer[0] !== 'outdated')
      this.ahead = { least: time - this.elapsed(), most: time + 1 - askedAt };
    return answer as string[];
  }
}

/** A key may be an address or a name, which is nobody's business who can look into Redis. */
const keyOf = ({ policyId, key }: LimitKey): string => `portside:limits:v${FORMAT}:${policyId}:${hash(key)}`;

/** Whatever its key is: the same id for another key is refused. */
const takeKeyOf = ({ policyId }: LimitKey, id: string): string =>
  `portside:limits:v${FORMAT}:${policyId}:take:${hash(id)}`;

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

function stateIn(text: string | null | undefined): LimitState | undefined {
  if (!text) return undefined;
  const [version = 0, unitsPerMs = 1, tat = 0, per = 0, periodStart = 0, used = 0] = text.split(' ').map(Number);
  return { version, unitsPerMs, tat, per: PERIODS[per] ?? 'hour', periodStart, used };
}
