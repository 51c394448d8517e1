import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';

/** Who sent a request, as far as it proved that. */
export interface Caller {
  /** The name of the API key; undefined for a token. */
  readonly keyName?: string;
  /** What policies may speak of, `key:<name>`, `group:<name>` or `sub:<subject>`; the first names the caller in the log. */
  readonly subjects: readonly [string, ...string[]];
  /** When a token expires, epoch ms in the store's time. */
  readonly expiresAt?: number;
}

/** A route of the service. */
export interface GuardedRoute {
  readonly method: string;
  /** Its pattern, such as `/polls/:pollId`. */
  readonly url: string;
  readonly config: FastifyContextConfig;
}

/**
 * What contexts have a say in before a request reaches its route, in the order in which they are asked. Each refuses by a
 * DomainError.
 */
export interface Guards {
  /** What of its configuration fits none of these routes, which are all that there are: a sentence each. Asked once. */
  readonly check?: (routes: readonly GuardedRoute[]) => readonly string[];
  /** May the address send a request, whoever it is? */
  readonly admitAddress?: (request: FastifyRequest, reply: FastifyReply) => Promise<void> | void;
  /** Who sent it, where that is no API key? Undefined if nothing says so. Asked for routes that look for a key. */
  readonly identify?: (request: FastifyRequest, reply: FastifyReply) => Promise<Caller | undefined>;
  /** May the caller send a request? Asked for routes that look for a key. */
  readonly admitCaller?: (request: FastifyRequest, reply: FastifyReply, caller: Caller) => Promise<void> | void;
  /** May the caller send this request? Asked for routes that look for a key. */
  readonly authorize?: (request: FastifyRequest, reply: FastifyReply, caller: Caller) => Promise<void> | void;
  /** May the caller send such a request? Asked where an answer shows more to those who may do something else. */
  readonly mayUse?: (caller: Caller, method: string, segments: readonly string[]) => Promise<boolean> | boolean;
  /** May a phone send another text message? Asked once it is known to come from there. */
  readonly admitSender?: (sender: string) => Promise<boolean> | boolean;
}
