import { afterAll, describe, expect, it } from '@jest/globals';
import { redisClient } from '../../src/adapters/redis/client.ts';
import { RedisRateCache } from '../../src/adapters/redis/rate-cache.ts';
import { seededRandom } from '../helpers/fakes.ts';
import { startRedis } from '../helpers/servers/redis.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { describeRateCache, entry } from './rate-cache.contract.ts';

await withServer('Redis contracts', startRedis, ({ url }) => {
  const connect = () => redisClient({ url, random: seededRandom(1), onDown: () => undefined });
  const clients = [connect(), connect()] as const;
  afterAll(() => {
    for (const client of clients) client.disconnect();
  });
  let made = 0;
  const newKey = () => [`test-${process.pid}-${Date.now()}-${++made}`];

  describeRateCache('Redis', async () => {
    const key = newKey();
    const [cache, other] = clients.map((client) => new RedisRateCache(client, key)) as [RedisRateCache, RedisRateCache];
    return { cache, other, pass: (ms) => bringForward(`*${key}*`, ms) };
  });

  /** The clock of a server cannot be moved, but what is to expire can be made to do so earlier. */
  async function bringForward(keys: string, ms: number): Promise<void> {
    const [client] = clients;
    for (const key of await client.keys(keys)) await client.pexpire(key, (await client.pttl(key)) - ms);
  }

  describe('RedisRateCache', () => {
    it('names source, base and format version in its keys', async () => {
      const [client] = clients;
      const [id] = newKey() as [string];
      const cache = new RedisRateCache(client, [`frankfurter:EUR@${id}`, `fixer:EUR@${id}`]);
      await cache.put(entry(), 60_000);
      await cache.lease('one', 60_000);

      const key = `portside:rates:v1:frankfurter:EUR@${id}+fixer:EUR@${id}`;
      expect((await client.keys(`*${id}*`)).sort()).toEqual([key, `${key}:lease`]);
      expect(await client.pttl(key)).toBeGreaterThan(50_000);
    });

    it.each([
      '',
      'nonsense',
      '1767225600000 ',
      '1767225600000 {}',
      '1767225600000 null',
      '1767225600000 {"sourceId":"a","source":"a","base":"EUR","asOf":1,"confirmedAt":1,"freshUntil":1,"rates":{"USD":"0"}}',
      '1767225600000 {"sourceId":"a","source":"a","base":"EUR","asOf":1,"confirmedAt":1,"freshUntil":1,"rates":{"USD":1.08}}',
      '1767225600000 {"sourceId":"a","source":"a","base":"XAU","asOf":1,"confirmedAt":1,"freshUntil":1,"rates":{"USD":"1"}}',
      '1767225600000 {"sourceId":"a","source":"a","base":"EUR","asOf":"1","confirmedAt":1,"freshUntil":1,"rates":{"USD":"1"}}',
    ])('takes %j, which it has not written, for nothing, and writes over it', async (text) => {
      const [client] = clients;
      const [id] = newKey() as [string];
      const cache = new RedisRateCache(client, [id]);
      await client.set(`portside:rates:v1:${id}`, text);

      expect(await cache.get()).toBeUndefined();
      await cache.put(entry(), 60_000);
      expect(await cache.get()).toEqual(entry());
    });

    it('says nothing in an error of what it was to store', async () => {
      const [client] = clients;
      const [id] = newKey() as [string];
      await client.rpush(`portside:rates:v1:${id}`, 'a list where a text should be');

      const error = await new RedisRateCache(client, [id]).put(entry(), 60_000).catch((reason) => reason);
      expect(error.message).toMatch(/^Redis: .*WRONGTYPE/);
      expect(JSON.stringify(error)).toBe('{}');
    });
  });
});
