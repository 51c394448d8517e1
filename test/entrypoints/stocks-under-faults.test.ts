import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRedis } from '../helpers/servers/redis.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import {
  type Cell,
  failsAtOnce,
  type Observation,
  providerFaults,
  redisFaults,
  StocksUnderFaults,
  storeFaults,
} from '../suites/stocks-under-faults.ts';

/** An answer, good or bad, comes within this time, whatever fails. */
const ANSWER_MS = 3_000;
/** A source that works again is noticed within this time. */
const NOTICED_MS = 10_000;
/** All at the same moment, and the machine itself would be what fails. */
const BEGIN_EVERY_MS = 200;

const keysOf = <T extends object>(object: T) => Object.keys(object) as (keyof T)[];
const [redisStates, providerStates] = [keysOf(redisFaults), keysOf(providerFaults)];
const nameOf = ({ redis, provider }: Cell): string => `${redis} × ${provider}`;

/** What the service promises; a choice where it depends on how fast Redis answers in its first quarter of a second. */
function promised({ redis, provider }: Cell, { phase, process, url }: Observation): RegExp {
  if (url.includes('NONE')) return /^404 STOCKS_NOT_FOUND$/;
  if (url.includes('FAILS')) return /^503 STORE_UNAVAILABLE, again in 1 s$/;
  if (url.endsWith('=EUR')) return /^200 own$/;
  if (phase === 'back' || provider === 'ok') return /^200 new$/;
  if (provider === 'missing symbol') return /^200 new without KWD$/;
  const [old, none] = ['200 old, stale', '503 STOCKS_RATES_UNAVAILABLE, again in 2 s'];
  if (provider === 'slow') return new RegExp(`^(${phase === 'beyond' ? none : `${old}|${none}`}|200 new(, stale)?)$`);
  if (phase === 'beyond') return new RegExp(`^${none}$`);
  if (process === 'warm') return new RegExp(`^${old}$`);
  return redis === 'up' || redis === 'slow' ? new RegExp(`^(${old}|${none})$`) : new RegExp(`^${none}$`);
}

await withServer('stocks under faults', startRedis, ({ url: redisUrl }) => {
  const worlds = new Map<string, StocksUnderFaults>();
  /** How long the machine held up the service and the test at most. */
  let lagMs = 0;

  beforeAll(async () => {
    for (const redis of redisStates)
      for (const [index, provider] of providerStates.entries()) {
        const servers = { redisUrl, redisDatabase: index + 1 };
        worlds.set(nameOf({ redis, provider }), await StocksUnderFaults.begin({ redis, provider }, servers));
      }
    const playing = [...worlds.values()].map(async (world, place) => {
      await delay(place * BEGIN_EVERY_MS);
      await world.play();
    });
    const lag = monitorEventLoopDelay();
    lag.enable();
    await Promise.all(playing);
    lag.disable();
    lagMs = lag.max / 1e6;
  }, 120_000);
  afterAll(async () => {
    for (const world of worlds.values()) await world.stop();
  });

  describe.each(redisStates)('with a Redis that is %s', (redis) => {
    describe.each(providerStates)('and a provider in the state "%s"', (provider) => {
      const cell = { redis, provider };
      const world = () => worlds.get(nameOf(cell)) as StocksUnderFaults;

      it.each(keysOf(storeFaults))('every answer is as promised, and in time, for a store that is %s', (state) => {
        const answers = world().observations.filter(({ url }) => storeFaults[state].some((asked) => asked === url));
        expect(answers).toHaveLength(storeFaults[state].length * 8);
        for (const answer of answers) {
          const { outcome, ms, ...question } = answer;
          expect({ ...question, outcome }).toEqual({
            ...question,
            outcome: expect.stringMatching(promised(cell, answer)),
          });
          expect(ms).toBeLessThan(ANSWER_MS + lagMs);
        }
      });

      if (redis === 'up' && failsAtOnce(cell))
        it('a process that starts then has the last rates of the others', () => {
          expect(world().sharedOutcome).toBe('200 old, stale');
        });

      it('new rates are there soon after all is well again, and the key of the provider is not in the log', () => {
        expect(world().backAfterMs).toBeLessThan(NOTICED_MS);
        expect(world().showsKey).toBe(false);
      });
    });
  });
});
