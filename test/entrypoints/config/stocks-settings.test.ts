import { describe, expect, it } from '@jest/globals';
import { stocks } from '../../../src/entrypoints/composition/stocks/context.ts';
import { type ConfigError, readConfig } from '../../../src/entrypoints/config/read-config.ts';
import { notices, type StocksConfig } from '../../../src/entrypoints/config/stocks.ts';

const read = (env: Record<string, string>) => readConfig(env, [stocks]) as StocksConfig;
function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    read(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('settings of the stocks', () => {
  it.each([
    ['REDIS_URL', 'redis://127.0.0.1:6379/cache'],
    ['REDIS_URL', 'redis://127.0.0.1:6379/-1'],
    ['REDIS_URL', 'redis://127.0.0.1:6379/0/1'],
    ['REDIS_URL', 'redis://127.0.0.1:6379/1e1'],
    ['REDIS_URL', 'redis://127.0.0.1:6379?db=1'],
    ['REDIS_URL', 'redis://127.0.0.1:6379/0?commandTimeout=x'],
    ['REDIS_URL', 'redis://127.0.0.1:6379/0#x'],
    ['REDIS_URL', 'redis-sentinel://127.0.0.1:26379'],
    ['RATE_SOURCES', 'frankfurter=https://api.frankfurter.dev/v1/latest'],
    ['RATE_SOURCES', 'frankfurter=https://api.frankfurter.dev/v1'],
    ['RATE_SOURCES', 'frankfurter-v2=https://api.frankfurter.dev/v2/rates/'],
    ['RATE_SOURCES', 'frankfurter-v2=https://api.frankfurter.dev/v1/latest'],
    ['RATE_SOURCES', 'openexchangerates=https://openexchangerates.org/api/latest.json?app_id=K'],
    ['RATE_SOURCES', 'fixer=https://data.fixer.io/api/latest?access_key=K'],
    ['RATE_SOURCES', 'exchangerate-host=https://api.exchangerate.host/live?access_key=K'],
    ['RATE_SOURCES', 'openexchangerates=https://openexchangerates.org/api?app_id='],
    ['RATE_SOURCES', 'fixer=https://data.fixer.io/api?access_key=%20'],
    ['RATES_TTL_SECONDS', '86400'],
    ['RATES_MAX_FRESH_SECONDS', '604801'],
  ])('may not be %s=%j, which is not repeated', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
    expect(problems[0]).not.toContain(value);
  });

  it.each<Record<string, string>>([
    { REDIS_URL: 'redis://127.0.0.1' },
    { REDIS_URL: 'rediss://user:p%40ss@cache.example.org:6380/' },
    { REDIS_URL: 'redis://[::1]:6379/15' },
    { RATE_SOURCES: 'frankfurter=http://127.0.0.1:9000/mirror/' },
    { RATE_SOURCES: 'fixer=https://api.exchangeratesapi.io/v1?access_key=K&symbols=USD' },
    { RATE_SOURCES: 'openexchangerates' },
    { RATES_TTL_SECONDS: '86400', RATES_MAX_FRESH_SECONDS: '86400' },
    { RATES_MAX_STALE_SECONDS: '0' },
  ])('may be %j', (env) => {
    expect(problemsOf(env)).toEqual([]);
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ REDIS_URL: 'redis://127.0.0.1' }, /^REDIS_URL is not used/],
    [{ RATE_SOURCES: 'reference,frankfurter' }, /^RATE_SOURCES has frankfurter after reference/],
    [{ RATE_SOURCES: 'openexchangerates' }, /^RATE_SOURCES has no key for openexchangerates/],
    [{ RATE_SOURCES: 'reference' }, /^RATE_SOURCES names no live source/],
  ])('are announced where they have no effect or are not enough: %j', (env, expected) => {
    expect(notices(read(env)).some((notice) => expected.test(notice))).toBe(true);
  });

  it('say nothing where all is as it should be', () => {
    const env = { CACHE: 'redis', REDIS_URL: 'redis://127.0.0.1', RATE_SOURCES: 'frankfurter,reference' };
    expect(notices(read(env))).toEqual([]);
  });
});
