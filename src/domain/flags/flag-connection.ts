import { invalidRequest } from '../shared/domain-error.ts';
import { changedValues } from './changed-values.ts';
import type { CurrentFlagSet } from './current-flag-sets.ts';
import { type EvaluationContext, evaluateAll } from './evaluate.ts';
import type { FlagSet } from './flag-set.ts';
import type { AliveMessage, ClientMessage, ServerMessage } from './socket-messages.ts';

/** What must be kept of a connection to go on with it elsewhere. */
export interface HeldByClient {
  readonly context: EvaluationContext;
  readonly contextId: number;
  /** Of the values that the client holds once all that was sent has arrived; undefined where it needs all values. */
  readonly revision?: number | undefined;
}

/**
 * What is said over one connection: for every state of the set the one message that brings the client from what it holds
 * there. It is taken for sent as soon as it is given out, in this order; whoever cannot send it gives up the connection.
 */
export class FlagConnection {
  private client: HeldByClient | undefined;
  /** The flags of the revision that the client holds, from which the next change is told; without them all is sent. */
  private flags: FlagSet | undefined;
  private owesAnswer = false;
  private saidStale = false;

  /** @param client of a connection that was begun elsewhere */
  constructor(client?: HeldByClient) {
    this.client = client;
  }

  /** What the client has said and been told; undefined before its `hello`. */
  get held(): HeldByClient | undefined {
    return this.client;
  }

  /** @throws DomainError `INVALID_REQUEST` where the first message is no `hello` */
  receive(message: ClientMessage): void {
    if (message.type === 'resync') {
      this.client = { ...this.greeted(), revision: undefined };
    } else {
      const { context, contextId } = message;
      if (message.type === 'context') this.greeted();
      // It was sent before one that is known already.
      if (this.client && contextId < this.client.contextId) return;
      this.client = { context, contextId, revision: message.type === 'hello' ? message.revision : undefined };
    }
    this.flags = undefined;
    this.owesAnswer = true;
  }

  /**
   * The message for which it is time, if there is one: what brings the client to this state of the set, or an answer that it
   * waits for.
   */
  next(current: CurrentFlagSet): ServerMessage | undefined {
    const { client } = this;
    if (!client) return undefined;
    const { revision } = client;
    const { set, stale } = current;
    if (revision === undefined || revision < set.revision) return this.moveOn(client, current);
    // It may hold a later one than this process knows, and must not go back.
    if (revision === set.revision) this.flags = set;
    return this.owesAnswer || stale !== this.saidStale ? this.alive(client, current) : undefined;
  }

  /** A message in any case, so that the client hears that nothing is lost; undefined before its `hello`. */
  signOfLife(current: CurrentFlagSet): ServerMessage | undefined {
    return this.next(current) ?? (this.client && this.alive(this.client, current));
  }

  /** Tells all values next time, not what has changed, so that nobody has to keep an old revision for a slow reader. */
  forgetFlags(): void {
    this.flags = undefined;
  }

  private greeted(): HeldByClient {
    if (!this.client) throw invalidRequest({ path: 'type', message: 'must be hello in the first message' });
    return this.client;
  }

  private moveOn({ context, contextId }: HeldByClient, current: CurrentFlagSet): ServerMessage {
    const { set } = current;
    const before = this.flags;
    this.client = { context, contextId, revision: set.revision };
    this.flags = set;
    const said = this.say(contextId, current);
    return before
      ? { type: 'change', from: before.revision, to: set.revision, ...said, ...changedValues(before, set, context) }
      : { type: 'state', revision: set.revision, ...said, flags: evaluateAll(set, context) };
  }

  private alive({ contextId }: HeldByClient, current: CurrentFlagSet): AliveMessage {
    return { type: 'alive', revision: current.set.revision, ...this.say(contextId, current) };
  }

  private say(contextId: number, { asOf, stale }: CurrentFlagSet) {
    this.owesAnswer = false;
    this.saidStale = stale;
    return { contextId, asOf, ...(stale ? { stale } : {}) };
  }
}
