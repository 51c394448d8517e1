import type { RedisClient, RedisClientOptions, RedisScripts } from './client.ts';

interface LazyRedis extends RedisScripts {
  disconnect(): Promise<void>;
}

/** A client that is loaded and made with its first command. What could not be loaded is tried again with the next one. */
export function lazyRedis(options: RedisClientOptions): LazyRedis {
  let client: Promise<RedisClient> | undefined;
  const used = (): Promise<RedisClient> => {
    client ??= import('./client.ts')
      .then(({ redisClient }) => redisClient(options))
      .catch((error) => {
        client = undefined;
        throw error;
      });
    return client;
  };
  return {
    eval: async (script, keys, ...args) => (await used()).eval(script, keys, ...args),
    disconnect: async () => (await client)?.disconnect(),
  };
}
