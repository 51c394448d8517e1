import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { freePort, kill } from './process.ts';

export interface RedisServer {
  readonly url: string;
  /** Forgets everything. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** A server of the test's own, which can also be made to fail. */
export interface OwnRedisServer extends RedisServer {
  /** From now on connections are taken, and nothing is answered. */
  freeze(): void;
  thaw(): void;
}

/**
 * The server that `REDIS_URL` names, or else one of its own.
 *
 * @throws Error that says what is missing
 */
export async function startRedis(): Promise<RedisServer> {
  const url = process.env.REDIS_URL;
  return url ? { url, flush: () => flush(url), stop: async () => undefined } : startOwnRedis();
}

/** A `redis-server` in memory on a free port of loopback. @throws Error that says what is missing */
async function startOwnRedis(): Promise<OwnRedisServer> {
  const port = await freePort();
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  await started(server);
  const url = `redis://127.0.0.1:${port}`;
  await eventually(
    () => ping(url),
    (answer) => answer === 'PONG',
  ).catch(async (error) => {
    await kill(server);
    throw error;
  });
  return {
    url,
    flush: () => flush(url),
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    stop: () => kill(server),
  };
}

async function started(server: ChildProcess): Promise<void> {
  await once(server, 'spawn').catch(() => {
    throw new Error('redis-server is not on the PATH (Debian: apt-get install redis-server), and REDIS_URL is not set');
  });
}

async function withClient<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const ping = (url: string): Promise<string> => withClient(url, (redis) => redis.ping());

const flush = (url: string): Promise<void> => withClient(url, async (redis) => void (await redis.flushall()));
