import { lazily } from '../common/lazily.ts';
import type { RedisClient, RedisClientOptions, RedisScripts } from './client.ts';

interface LazyRedis extends RedisScripts {
  disconnect(): Promise<void>;
}

/** A client that is loaded and made with its first command. What could not be loaded is tried again with the next one. */
export function lazyRedis(options: RedisClientOptions): LazyRedis {
  let loading: Promise<RedisClient> | undefined;
  const client = lazily(() => {
    loading = import('./client.ts').then(({ redisClient }) => redisClient(options));
    return loading;
  });
  return {
    eval: async (script, keys, ...args) => (await client()).eval(script, keys, ...args),
    evalKept: async (script, keys, ...args) => (await client()).evalKept(script, keys, ...args),
    disconnect: async () => (await loading?.catch(() => undefined))?.disconnect(),
  };
}
