import { Redis } from 'ioredis';
import type { Random } from '../../ports/system.ts';

const CONNECT_TIMEOUT_MS = 500;
/** The only bound that holds in every state of a connection, while it is being made and while the server is silent. */
const COMMAND_TIMEOUT_MS = 250;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;

export interface RedisClientOptions {
  /** `redis://…` or `rediss://…` */
  readonly url: string;
  readonly random: Random;
  /** Told once when the connection is lost or cannot be made, not again before there was one. */
  readonly onDown: (reason: string) => void;
}

/** A client that connects with its first command and never makes a caller wait for long. `disconnect()` closes it. */
export function redisClient({ url, random, onDown }: RedisClientOptions): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    // What was sent before a reconnect is stale after it.
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) =>
      Math.min(FIRST_RETRY_MS * 2 ** attempt, LAST_RETRY_MS) + Math.floor(random.next() * FIRST_RETRY_MS),
  });
  let isDown = false;
  redis.on('ready', () => {
    isDown = false;
  });
  // Without a listener an error would be thrown out of the event loop.
  redis.on('error', (error: Error) => {
    if (!isDown) onDown(error.message);
    isDown = true;
  });
  return redis;
}
