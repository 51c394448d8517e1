import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Random } from '../../ports/system.ts';

const CONNECT_TIMEOUT_MS = 500;
/** The only bound that holds in every state of a connection, while it is being made and while the server is silent. */
const COMMAND_TIMEOUT_MS = 250;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;
/** What a server says that was the primary and is not any more; the address may lead to another one by now. */
const DEMOTED = /\b(?:READONLY|MASTERDOWN)\b/;

export interface RedisClientOptions {
  /** `redis://…` or `rediss://…`, with the number of a database as its path, if any */
  readonly url: string;
  readonly random: Random;
  /** Called once when the connection is lost or cannot be made, and again only after a successful one. */
  readonly onDown: (reason: string) => void;
}

/** What the adapters of this folder use of a client. */
export interface RedisScripts {
  /** Runs a script in Lua, in the database that the address names. */
  eval(script: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
  /** The same for a script that is run often: the server keeps it, and is sent its hash. */
  evalKept(script: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
}

export interface RedisClient extends RedisScripts {
  disconnect(): void;
}

/**
 * A client that connects with its first command and never makes a caller wait for long. `disconnect()` closes it.
 *
 * The database is chosen by each script. A choice for the whole connection would be made once, and when the server refused
 * it, every command would go on in database 0.
 */
export function redisClient({ url, random, onDown }: RedisClientOptions): RedisClient {
  const server = new URL(url);
  const database = Number(server.pathname.slice(1));
  server.pathname = '';
  const redis = new Redis(server.href, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    // What was sent before a reconnect is stale after it.
    autoResendUnfulfilledCommands: false,
    // So that a user needs no right to INFO, CLIENT or HELLO. A server that is still loading refuses commands by itself.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    reconnectOnError: ({ message }) => DEMOTED.test(message),
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
  const choice = database === 0 ? '' : `redis.call('SELECT', '${database}')\n`;
  const names = new Map<string, string>();
  const nameOf = (script: string): string => {
    const name = names.get(script) ?? createHash('sha1').update(script).digest('hex');
    names.set(script, name);
    return name;
  };
  return {
    eval: (script, keys, ...args) => redis.eval(choice + script, keys, ...args),
    evalKept: (script, keys, ...args) =>
      redis.evalsha(nameOf(choice + script), keys, ...args).catch((error: Error) => {
        // A user may have the right to EVAL alone.
        if (!/^NOSCRIPT|^NOPERM/.test(error.message)) throw error;
        return redis.eval(choice + script, keys, ...args);
      }),
    disconnect: () => redis.disconnect(),
  };
}
