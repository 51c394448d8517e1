import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type FakeRateProvider, startFakeRateProvider } from '../../demo/rate-provider.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startOwnRedis } from '../helpers/servers/redis.ts';
import { TcpProxy } from '../helpers/servers/tcp-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';

const WARN = 40;

let provider: FakeRateProvider;
beforeEach(async () => {
  provider = await startFakeRateProvider();
});
afterEach(() => provider.stop());

const start = (redisUrl: string, settings: Record<string, string> = {}) =>
  ServerProcess.start({
    CACHE: 'redis',
    REDIS_URL: redisUrl,
    RATE_SOURCES: `frankfurter=${provider.url}`,
    RATES_TTL_SECONDS: '1',
    ...settings,
  });
async function get(server: ServerProcess, path: string) {
  const answer = await fetch(server.url + path);
  return {
    status: answer.status,
    body: (await answer.json()) as { values?: object; status?: string; checks?: object },
  };
}
const value = (server: ServerProcess) => get(server, '/stock/AMZN?currencies=USD');
const ready = (server: ServerProcess) => get(server, '/readyz');
const degraded = { status: 200, body: { status: 'degraded', checks: { cache: 'unreachable' } } };
const usable = { status: 200, body: { status: 'ok', checks: { cache: 'ok' } } };
const valued = { status: 200, body: { values: { EUR: '97.00', USD: '105.29' } } };

describe('a Redis that does nothing right', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['refuses every command', (socket) => void socket.on('data', () => socket.write('-ERR no\r\n'.repeat(3)))],
    [
      'wants a password',
      (socket) => void socket.on('data', () => socket.write('-NOAUTH Authentication required.\r\n')),
    ],
    ['is a read-only replica', (socket) => void socket.on('data', () => socket.write('-READONLY no\r\n'))],
    ['is still loading', (socket) => void socket.on('data', () => socket.write('-LOADING no\r\n'))],
    ['is part of a cluster', (socket) => void socket.on('data', () => socket.write('-MOVED 1 10.0.0.1:6379\r\n'))],
    ['has no memory left', (socket) => void socket.on('data', () => socket.write('-OOM no\r\n'))],
    ['speaks another protocol', (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['resets every connection', (socket) => void socket.on('data', () => socket.resetAndDestroy())],
  ])('costs nothing but the sharing: it %s', async (_, behave) => {
    const fake = createServer((socket) => behave(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(fake, 'listening');
    const server = await start(`redis://user:password@127.0.0.1:${(fake.address() as AddressInfo).port}/3`);

    for (let call = 0; call < 3; call++) expect(await value(server)).toMatchObject(valued);
    expect(await ready(server)).toMatchObject(degraded);
    expect(await value(server)).toMatchObject(valued);
    expect(server.logs.some(({ level, msg }) => level === WARN && /Redis|shared cache/.test(msg))).toBe(true);
    expect([server.noise, await server.stop()]).toEqual(['', { code: 0, signal: null }]);
    fake.close();
  });
});

await withServer('the service with a Redis', startOwnRedis, ({ url }) => {
  const redis = new Redis(url);
  afterAll(() => redis.disconnect());
  beforeEach(() => redis.flushall());

  it('that has not the database: there is no cache, and no other database is touched', async () => {
    const server = await start(`${url}/99`);
    expect(await value(server)).toMatchObject(valued);
    expect(await ready(server)).toMatchObject(degraded);
    expect(await redis.keys('*')).toEqual([]);
    await server.stop();
  });

  it('uses the database that the address names, and no other', async () => {
    const server = await start(`${url}/5`);
    expect(await value(server)).toMatchObject(valued);
    expect(await ready(server)).toMatchObject(usable);
    expect(await redis.keys('*')).toEqual([]);
    await redis.select(5);
    expect(await redis.keys('portside:rates:*')).not.toEqual([]);
    await redis.select(0);
    await server.stop();
  });

  it('as a user who may do nothing but what the cache needs: all is well, and the log is JSON', async () => {
    const rights = ['reset', 'on', '>secret', '~portside:rates:*', '-@all'];
    const commands = ['+eval', '+get', '+set', '+del', '+pttl', '+time'];
    await redis.call('ACL', 'SETUSER', 'portside', ...rights, ...commands);
    const server = await start(url.replace('://', '://portside:secret@'));
    expect(await value(server)).toMatchObject(valued);
    expect(await ready(server)).toMatchObject(usable);
    expect(server.noise).toBe('');
    expect(server.logs.filter(({ msg }) => msg.includes('NOPERM'))).toEqual([]);

    // Who may only read can be pinged, and has no cache.
    await redis.call('ACL', 'SETUSER', 'portside', '-set', '+ping', '+info');
    expect(await ready(server)).toMatchObject(degraded);
    await server.stop();
  });

  it('shares rates among processes with the same rules and queries alone', async () => {
    const settings: Record<string, string>[] = [
      { RATES_TTL_SECONDS: '600' },
      { RATES_TTL_SECONDS: '601' },
      { RATES_TTL_SECONDS: '600', RATES_MAX_FRESH_SECONDS: '3599' },
      { RATES_TTL_SECONDS: '600', RATE_SOURCES: `frankfurter=${provider.url}?symbols=USD` },
      { RATES_TTL_SECONDS: '600' },
    ];
    for (const each of settings) {
      const server = await start(url, each);
      expect(await value(server)).toMatchObject(valued);
      await server.stop();
    }
    expect(provider.requests).toHaveLength(4);
  }, 30_000);

  describe('that fails over', () => {
    let other: { readonly url: string; stop(): Promise<void> };
    let relay: TcpProxy;
    beforeAll(async () => {
      other = await startOwnRedis();
      relay = await TcpProxy.start(new URL(url));
    });
    afterAll(async () => {
      await relay.stop();
      await other.stop();
    });

    it('shares by the new primary soon, although the old one keeps its connections', async () => {
      const server = await start(`redis://${relay.address}`);
      expect(await value(server)).toMatchObject(valued);
      expect(await ready(server)).toMatchObject(usable);

      const { hostname, port } = new URL(other.url);
      await redis.replicaof(hostname, Number(port));
      expect(await ready(server)).toMatchObject(degraded);
      relay.leadTo(new URL(other.url));
      await eventually(
        () => ready(server),
        ({ body }) => body.status === 'ok',
        10_000,
      );
      const successor = new Redis(other.url);
      await eventually(
        async () => {
          await value(server);
          return successor.keys('portside:rates:*');
        },
        (keys) => keys.length > 0,
      );
      successor.disconnect();
      await redis.replicaof('NO', 'ONE');
      await server.stop();
    });
  });
});
