import type { ConnectionHost, ConnectionRegistry, ConnectionRights } from '../../ports/flags.ts';
import { concurrently } from '../shared/concurrently.ts';
import { DomainError } from '../shared/domain-error.ts';
import type { HostedConnection, Subscriber } from './hosted-connection.ts';
import type { ServerMessage } from './socket-messages.ts';
import { utf8 } from './utf8.ts';

/** How many messages are under way at once. */
const AT_ONCE = 20;
/** API Gateway takes no longer message. */
const MAX_MESSAGE_BYTES = 131_072;
/** How long it waits before it sends again what was refused, ms. */
const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000];

/** Writes a message as it goes over the wire. */
export type WriteMessage = (message: ServerMessage) => string;

/** Sends messages to clients whose connections are held elsewhere. Whoever may not be connected any more is disconnected. */
export class DeliverMessages {
  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly host: ConnectionHost,
    private readonly rights: ConnectionRights,
    private readonly write: WriteMessage,
    private readonly pause: (ms: number) => Promise<void>,
  ) {}

  /**
   * @param messageFor what a subscriber is told; asked again for each attempt
   * @param pauses before each further attempt at what was refused, ms
   * @returns how many could not be reached, since their messages were refused again and again
   * @throws DomainError `STORE_UNAVAILABLE`; what `messageFor` throws
   */
  async toAll(
    setId: string,
    messageFor: (subscriber: Subscriber) => Promise<ServerMessage>,
    pauses: readonly number[] = PAUSES_MS,
  ): Promise<number> {
    const refused: Subscriber[] = [];
    for await (const subscribers of this.registry.subscribers(setId))
      refused.push(...(await this.send(subscribers, messageFor)));
    return this.sendAgain(refused, messageFor, pauses);
  }

  /** Ends all connections to a set. @returns how many go on @throws DomainError `STORE_UNAVAILABLE` */
  async endAll(setId: string): Promise<number> {
    let left = 0;
    for await (const subscribers of this.registry.subscribers(setId)) {
      const ended = await concurrently(AT_ONCE, subscribers, (each) => this.isEnded(each));
      left += ended.filter((isEnded) => !isEnded).length;
    }
    return left;
  }

  /** @returns whether the client has it, or is gone; as {@link toAll} */
  async toOne(subscriber: Subscriber, message: ServerMessage): Promise<boolean> {
    const messageFor = async () => message;
    return (await this.sendAgain(await this.send([subscriber], messageFor), messageFor)) === 0;
  }

  /** Ends a connection and forgets it. @throws DomainError `STORE_UNAVAILABLE`; Error if it goes on */
  async end(connection: HostedConnection): Promise<void> {
    await this.host.end(connection.connectionId);
    await this.registry.close(connection);
  }

  private async sendAgain(
    subscribers: readonly Subscriber[],
    messageFor: (subscriber: Subscriber) => Promise<ServerMessage>,
    pauses: readonly number[] = PAUSES_MS,
  ): Promise<number> {
    let refused = subscribers;
    for (const ms of pauses) {
      if (refused.length === 0) break;
      await this.pause(ms);
      refused = await this.send(refused, messageFor);
    }
    return refused.length;
  }

  /** @returns those whose messages were refused */
  private async send(
    subscribers: readonly Subscriber[],
    messageFor: (subscriber: Subscriber) => Promise<ServerMessage>,
  ): Promise<readonly Subscriber[]> {
    const refused = await concurrently(AT_ONCE, subscribers, async (subscriber) => {
      if (!(await this.rights.mayConnect(subscriber.owner, subscriber.setId)))
        return (await this.isEnded(subscriber)) ? [] : [subscriber];
      const delivery = await this.host.send(subscriber.connectionId, this.textOf(await messageFor(subscriber)));
      if (delivery === 'gone') await this.registry.close(subscriber);
      return delivery === 'refused' ? [subscriber] : [];
    });
    return refused.flat();
  }

  /** One connection that goes on must not keep the others from their messages. */
  private async isEnded(connection: HostedConnection): Promise<boolean> {
    try {
      await this.end(connection);
      return true;
    } catch (error) {
      if (error instanceof DomainError) throw error;
      return false;
    }
  }

  private textOf(message: ServerMessage): string {
    const text = this.write(message);
    // No character has more than three bytes for each of its units.
    if (text.length * 3 <= MAX_MESSAGE_BYTES || utf8(text).length <= MAX_MESSAGE_BYTES) return text;
    const { contextId, asOf } = message;
    const revision = message.type === 'change' ? message.to : message.revision;
    return this.write({ type: 'refetchEvaluation', contextId, revision, asOf });
  }
}
