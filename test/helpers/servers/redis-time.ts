import type { Redis } from 'ioredis';

/** Entries of rates begin with the server's time of their confirmation. */
const AGE = `
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  local leftMs = redis.call('PTTL', key) - math.max(0, ARGV[2])
  local stamp, rest = string.match(redis.call('GET', key), '^(%d+)( .*)$')
  if stamp then redis.call('SET', key, string.format('%.0f', stamp - ARGV[2]) .. rest, 'PX', math.max(1, leftMs)) end
end`;

/**
 * Makes the rates in a Redis older, since the clock of a server cannot be moved.
 *
 * @param keys a pattern
 * @param ms below 0 the rates are dated ahead
 */
export const ageRates = async (redis: Redis, keys: string, ms: number): Promise<void> =>
  void (await redis.eval(AGE, 0, keys, ms));
