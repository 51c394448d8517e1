import type { ConnectionRegistry, ConnectionRights } from '../../ports/flags.ts';
import { DomainError, invalidRequest } from '../shared/domain-error.ts';
import type { CurrentFlagSets } from './current-flag-sets.ts';
import type { DeliverMessages } from './deliver-messages.ts';
import { FlagConnection } from './flag-connection.ts';
import type { HostedConnection, Subscriber } from './hosted-connection.ts';
import { type ClientMessage, clientMessageIn } from './socket-messages.ts';

/** Refusals that end a connection: no repeat of the message can help. */
const FINAL = new Set(['FLAGS_SET_NOT_FOUND', 'FORBIDDEN', 'INVALID_REQUEST']);

export class AnswerClient {
  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly rights: ConnectionRights,
    private readonly current: Pick<CurrentFlagSets, 'read'>,
    private readonly deliver: DeliverMessages,
  ) {}

  /**
   * Answers a message of a client whose connection is held elsewhere. It is disconnected where it may not be connected any
   * more, its set is gone, or it says what nobody understands.
   *
   * @returns the code of the refusal for which it was disconnected
   * @throws DomainError `STORE_UNAVAILABLE`; Error if the answer was refused again and again: the client will ask anew
   */
  async execute(connectionId: string, text: string): Promise<string | undefined> {
    const connection = await this.registry.get(connectionId);
    // It was forgotten while the message was under way.
    if (!connection) return undefined;
    try {
      await this.answer(connection, text);
      return undefined;
    } catch (error) {
      if (!(error instanceof DomainError) || !FINAL.has(error.code)) throw error;
      await this.deliver.end(connection);
      return error.code;
    }
  }

  private async answer(connection: HostedConnection, text: string): Promise<void> {
    const { owner, setId } = connection;
    if (!(await this.rights.mayConnect(owner, setId)))
      throw new DomainError('FORBIDDEN', 'The policies of this service do not allow the caller this request.');
    const message = clientMessageIn(text);
    const subscriber = await this.subscriberAfter(connection, message);
    if (!subscriber) return;
    // Changes find the subscriber from here on. One whose push went out just before, and which is not in the flags yet that
    // are read below, is told of by the next sign of life.
    const dialogue = new FlagConnection(subscriber);
    dialogue.receive(message);
    const held = message.type === 'hello' ? message.revision : undefined;
    const answer = dialogue.next(await this.current.read(setId, held));
    if (answer && !(await this.deliver.toOne(subscriber, answer)))
      throw new Error('the answer to a client of flags was refused again and again');
  }

  /**
   * Two messages of a client may be handled at once and in either order: `context` need not wait for `hello`.
   *
   * @returns undefined where a later message is known already
   */
  private async subscriberAfter(connection: HostedConnection, message: ClientMessage): Promise<Subscriber | undefined> {
    if (message.type === 'resync') {
      const subscriber = await this.registry.subscription(connection);
      if (!subscriber) throw invalidRequest({ path: 'type', message: 'must be hello in the first message' });
      return subscriber;
    }
    const { context, contextId } = message;
    const subscriber = { ...connection, context, contextId };
    return (await this.registry.subscribe(subscriber)) ? subscriber : undefined;
  }
}
