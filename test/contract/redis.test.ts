import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisScripts, redisClient } from '../../src/adapters/redis/client.ts';
import { RedisLimitStore } from '../../src/adapters/redis/limit-store.ts';
import { RedisRateCache } from '../../src/adapters/redis/rate-cache.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { startRedis } from '../helpers/servers/redis.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { describeLimitStore } from './limit-store.contract.ts';
import { describeRateCache, entry, expectEntry, NOW } from './rate-cache.contract.ts';

const HOUR = 3_600_000;

await withServer('Redis contracts', startRedis, ({ url }) => {
  const connect = () => redisClient({ url, random: seededRandom(1), onDown: () => undefined });
  const clients = [connect(), connect()] as const;
  /** Looks into the server from outside. */
  const redis = new Redis(url);
  afterAll(() => {
    for (const client of [...clients, redis]) client.disconnect();
  });
  let made = 0;
  const newName = () => `test-${process.pid}-${Date.now()}-${++made}`;
  const ahead: number[] = [];
  /** A cache as a process with that clock sees it. */
  const cacheOf = (name: string, clock = new FakeClock(NOW), client = clients[0]) =>
    new RedisRateCache(client, { name, clock, onAhead: (ms) => ahead.push(ms) });

  describeRateCache('Redis', async () => {
    const name = newName();
    const [cache, other] = [cacheOf(name), cacheOf(name, new FakeClock(NOW), clients[1])];
    return { cache, other, pass: (ms) => bringForward(`*${name}*`, ms) };
  });

  /** The clock of a server cannot be moved, but what is to expire can be made to do so earlier. */
  async function bringForward(keys: string, ms: number): Promise<void> {
    for (const key of await redis.keys(keys)) await redis.pexpire(key, (await redis.pttl(key)) - ms);
  }

  describeLimitStore('Redis', async () => {
    await redis.flushdb();
    let aheadMs = 0;
    const process = (client: (typeof clients)[number]) =>
      new RedisLimitStore(client, () => performance.now() + aheadMs);
    return {
      store: process(clients[0]),
      other: process(clients[1]),
      pass: async (ms) => {
        aheadMs += ms;
        await bringForward('*:limits:*', ms);
        await setBack(ms);
      },
    };
  });

  /** Makes what is stored of keys older. */
  async function setBack(ms: number): Promise<void> {
    for (const key of await redis.keys('portside:limits:*')) {
      if ((await redis.type(key)) !== 'string') continue;
      const [version, unitsPerMs, tat, per, start, used] = String(await redis.get(key))
        .split(' ')
        .map(Number);
      const state = [version, unitsPerMs, Number(tat) - ms * Number(unitsPerMs), per, Number(start) - ms, used];
      await redis.set(key, state.join(' '), 'KEEPTTL');
    }
  }

  it('never tells a retry time that is too early, however long the answers of Redis take', async () => {
    await redis.flushdb();
    let lateMs = 0;
    const slow = {
      ...clients[0],
      evalKept: async (...args: Parameters<(typeof clients)[0]['evalKept']>) => {
        const answer = await clients[0].evalKept(...args);
        lateMs += 200;
        return answer;
      },
    };
    const store = new RedisLimitStore(slow, () => performance.now() + lateMs);
    const request = {
      policyId: 'slow',
      key: 'k',
      limit: { version: 1, rate: { requests: 1, perSeconds: 600, burst: 1 } },
      accuracy: 'exact' as const,
      cost: 1,
    };
    await store.take(request);
    const { decision, at } = await store.take(request);
    const [seconds, micros] = (await redis.time()).map(Number) as [number, number];
    expect(decision.allowed).toBe(false);
    expect(at).toBeLessThanOrEqual(seconds * 1_000 + micros / 1_000);
  });

  describe('RedisRateCache', () => {
    it('has its name and the format version in its keys', async () => {
      const name = newName();
      const cache = cacheOf(name);
      await cache.put(entry(), 60_000);
      await cache.lease('one', 5_000);

      const key = `portside:rates:v3:${name}`;
      expect((await redis.keys(`*${name}*`)).sort()).toEqual([key, `${key}:lease`]);
      expect(await redis.pttl(key)).toBeGreaterThan(50_000);
    });

    it.each([
      ['an hour ahead', HOUR],
      ['an hour behind', -HOUR],
      ['a year ahead', 8_760 * HOUR],
    ])('gives an entry its age, whoever wrote it: a process whose clock is %s', async (_, stepMs) => {
      const name = newName();
      const wrong = new FakeClock(NOW + stepMs);
      const confirmedAt = wrong.now() - 10_000;
      await cacheOf(name, wrong).put(entry({ confirmedAt, freshUntil: confirmedAt + 20_000 }), 60_000);

      expectEntry(await cacheOf(name).get(), entry({ confirmedAt: NOW - 10_000, freshUntil: NOW + 10_000 }));
      expectEntry(await cacheOf(name, wrong).get(), entry({ confirmedAt, freshUntil: confirmedAt + 20_000 }));
    });

    it('counts what it was to store from when it was asked to, however much later the server does it', async () => {
      const name = newName();
      let late: Promise<unknown> = Promise.resolve();
      const slow: Pick<RedisScripts, 'eval'> = {
        eval: async (script, keys, ...args) => {
          if (script.includes('freshMs')) await late;
          return clients[0].eval(script, keys, ...args);
        },
      };
      const cache = new RedisRateCache(slow, { name, clock: new FakeClock(NOW), onAhead: () => undefined });
      await cache.lease('one', 4_000);
      late = delay(1_500);
      await cache.put(entry(), 60_000);

      const found = await cacheOf(name).get();
      expect(found?.rates.confirmedAt).toBeLessThanOrEqual(NOW - 1_500);
    });

    it('counts an entry dated past the server’s own time as absent, says so, and writes over it', async () => {
      const name = newName();
      const key = `portside:rates:v3:${name}`;
      const cache = cacheOf(name);
      await cache.put(entry(), 60_000);
      const [stamp = '', ...rest] = String(await redis.get(key)).split(' ');
      const dated = (ms: number) => redis.set(key, [Number(stamp) + ms, ...rest].join(' '), 'PX', 60_000);

      await dated(4_000);
      expectEntry(await cache.get(), entry());
      expect(ahead).toEqual([]);

      await dated(HOUR);
      expect(await cache.get()).toBeUndefined();
      expect(ahead).toHaveLength(1);
      await cache.put(entry({}, '"v2"'), 60_000);
      expectEntry(await cache.get(), entry({}, '"v2"'));
    });

    it.each([
      ['a lease without an end', 'by dead', undefined],
      ['a lease that ends in an hour', 'by dead', HOUR],
      ['a pause without an end', 'pause', undefined],
      ['a pause that ends in an hour', 'pause', HOUR],
    ])('does not let %s keep everybody from asking', async (_, holder, ms) => {
      const name = newName();
      await redis.set(`portside:rates:v3:${name}:lease`, holder);
      if (ms !== undefined) await redis.pexpire(`portside:rates:v3:${name}:lease`, ms);

      expect(await cacheOf(name).lease('one', 4_000)).toEqual({ kind: 'taken' });
    });

    it.each([
      '',
      'nonsense',
      '1767225600000 20000 ',
      '1767225600000 20000 {}',
      '1767225600000 20000 null',
      '1767225600000 {"name":"NAME","sourceId":"a","source":"a","base":"EUR","asOf":1,"rates":{"USD":"1"}}',
      '1767225600000 -1 {"name":"NAME","sourceId":"a","source":"a","base":"EUR","asOf":1,"rates":{"USD":"1"}}',
      '1767225600000 20000 {"name":"NAME","sourceId":"a","source":"a","base":"EUR","asOf":1,"rates":{"USD":"0"}}',
      '1767225600000 20000 {"name":"NAME","sourceId":"a","source":"a","base":"EUR","asOf":1,"rates":{"USD":1.08}}',
      '1767225600000 20000 {"name":"NAME","sourceId":"a","source":"a","base":"XAU","asOf":1,"rates":{"USD":"1"}}',
      '1767225600000 20000 {"name":"NAME","sourceId":"a","source":"a","base":"EUR","asOf":"1","rates":{"USD":"1"}}',
    ])('takes %j, which it has not written, for nothing, and writes over it', async (text) => {
      const name = newName();
      const cache = cacheOf(name);
      await redis.set(`portside:rates:v3:${name}`, text.replace('NAME', name));

      expect(await cache.get()).toBeUndefined();
      await cache.put(entry(), 60_000);
      expectEntry(await cache.get(), entry());
    });

    it('takes an entry that was stored under another name for nothing, and writes over it', async () => {
      const [name, otherName] = [newName(), newName()];
      const [cache, other] = [cacheOf(name), cacheOf(otherName)];
      await other.put(entry(), 60_000);
      await redis.set(`portside:rates:v3:${name}`, String(await redis.get(`portside:rates:v3:${otherName}`)));

      expect(await cache.get()).toBeUndefined();
      await cache.put(entry({ rates: new Map([['USD', '1.2']]) }), 60_000);
      expectEntry(await cache.get(), entry({ rates: new Map([['USD', '1.2']]) }));
      expectEntry(await other.get(), entry());
    });

    it('says nothing in an error of what it was to store', async () => {
      const name = newName();
      await redis.rpush(`portside:rates:v3:${name}`, 'a list where a text should be');

      const error = await cacheOf(name)
        .put(entry(), 60_000)
        .catch((reason) => reason);
      expect(error.message).toMatch(/^Redis: .*WRONGTYPE/);
      expect(JSON.stringify(error)).toBe('{}');
    });
  });
});
