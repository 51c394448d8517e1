import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { freePort, kill } from './process.ts';

export interface RedisServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The server that `REDIS_URL` names, or else one of its own.
 *
 * @throws Error that says what is missing
 */
export async function startRedis(): Promise<RedisServer> {
  const url = process.env.REDIS_URL;
  return url ? { url, stop: async () => undefined } : startOwnRedis();
}

/** A `redis-server` in memory on a free port of loopback. @throws Error that says what is missing */
export async function startOwnRedis(): Promise<RedisServer> {
  const port = await freePort();
  // A replica keeps what it copies in a file, whatever it is told to save.
  const folder = await mkdtemp(join(tmpdir(), 'portside-redis-'));
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: 'ignore' },
  );
  const stop = async () => {
    await kill(server);
    await rm(folder, { recursive: true, force: true });
  };
  await started(server);
  const url = `redis://127.0.0.1:${port}`;
  await eventually(
    () => ping(url),
    (answer) => answer === 'PONG',
  ).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, stop };
}

async function started(server: ChildProcess): Promise<void> {
  await once(server, 'spawn').catch(() => {
    throw new Error('redis-server is not on the PATH (Debian: apt-get install redis-server), and REDIS_URL is not set');
  });
}

async function ping(url: string): Promise<string> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    return await redis.ping();
  } finally {
    redis.disconnect();
  }
}
