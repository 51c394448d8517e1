import type { EvaluationContext } from './evaluate.ts';

/** On whose behalf a client is connected. */
export interface ConnectionOwner {
  /** What policies may speak of, `key:<name>`, `group:<name>` or `sub:<subject>`. */
  readonly subjects: readonly [string, ...string[]];
  /** When the token expires, epoch ms; undefined for a key. */
  readonly expiresAt?: number | undefined;
}

/** A connection that is held outside of every process of the service. */
export interface HostedConnection {
  /** As whoever holds it calls it. */
  readonly connectionId: string;
  readonly setId: string;
  readonly owner: ConnectionOwner;
}

/** A connection whose client has said for which context it wants values. */
export interface Subscriber extends HostedConnection {
  readonly context: EvaluationContext;
  /** Comes back in every message about this context; a higher number for each further context. */
  readonly contextId: number;
}

/**
 * What came of a message: `gone` where the connection is no more, `refused` where it may be taken later, since there is too
 * much to be sent or whoever holds the connection fails.
 */
export type Delivery = 'sent' | 'gone' | 'refused';
