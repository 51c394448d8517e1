import type { Redis } from 'ioredis';
import type { RedisClientOptions } from './client.ts';

/** The commands that the adapters of this folder use. */
export interface RedisCommands {
  get(key: string): Promise<string | null>;
  eval(script: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
}

interface LazyRedis extends RedisCommands {
  /** Rejects when the server does not answer. */
  ping(): Promise<void>;
  disconnect(): Promise<void>;
}

/** A client that is loaded and made with its first command. What could not be loaded is tried again with the next one. */
export function redisWhenUsed(options: RedisClientOptions): LazyRedis {
  let client: Promise<Redis> | undefined;
  const used = (): Promise<Redis> => {
    client ??= import('./client.ts')
      .then(({ redisClient }) => redisClient(options))
      .catch((error) => {
        client = undefined;
        throw error;
      });
    return client;
  };
  return {
    get: async (key) => (await used()).get(key),
    eval: async (script, keys, ...args) => (await used()).eval(script, keys, ...args),
    ping: async () => void (await (await used()).ping()),
    disconnect: async () => (await client)?.disconnect(),
  };
}
