import { describe, expect, it } from '@jest/globals';
import { stocks } from '../../src/entrypoints/composition/stocks/context.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';
import { freshnessRules, type StocksConfig } from '../../src/entrypoints/config/stocks.ts';
import { readFromProject } from '../helpers/project.ts';

const MONTH_SECONDS = 31 * 86_400;
const rows = readFromProject('docs/rate-quotas.md')
  .split('\n')
  .filter((line) => line.includes('`RATES_TTL_SECONDS=') && line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('the page on quotas', () => {
  it.each(rows)('%s has settings for %s that the service takes, and that stay inside the quota', (...cells) => {
    const [, , quota = '', , settings = '', most = ''] = cells;
    const env = Object.fromEntries([...settings.matchAll(/(\w+)=(\d+)/g)].map(([, name, text]) => [name, text]));
    const { ttlMs } = freshnessRules(readConfig(env, [stocks]) as StocksConfig);
    expect(Math.floor(MONTH_SECONDS / (ttlMs / 1_000))).toBe(Number(most));
    if (/^[\d,]+$/.test(quota)) expect(Number(most)).toBeLessThanOrEqual(Number(quota.replace(',', '')));
  });

  it('has such settings', () => {
    expect(rows.length).toBeGreaterThan(3);
  });
});
