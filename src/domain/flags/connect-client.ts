import type { ConnectionRegistry, ConnectionRights } from '../../ports/flags.ts';
import { DomainError } from '../shared/domain-error.ts';
import type { FlagTickets } from './tickets.ts';

export class ConnectClient {
  constructor(
    private readonly tickets: Pick<FlagTickets, 'redeem'>,
    private readonly rights: ConnectionRights,
    private readonly registry: ConnectionRegistry,
  ) {}

  /**
   * Lets in who comes with a ticket, which is used up by that. What it may do is judged by whoever asked for the ticket.
   *
   * @throws DomainError `UNAUTHORIZED` without a ticket that holds, `FORBIDDEN`, `STORE_UNAVAILABLE`
   */
  async execute(connectionId: string, setId: string, ticket: string): Promise<void> {
    const holder = await this.tickets.redeem(setId, 'socket', ticket);
    if (!holder)
      throw new DomainError(
        'UNAUTHORIZED',
        'This is no ticket for the socket of this flag set, or not any more: it is for one connection within 30 s. Ask for another one.',
      );
    const { subjects, expiresAt } = holder;
    const owner = { subjects, ...(expiresAt === undefined ? {} : { expiresAt }) };
    if (!(await this.rights.mayConnect(owner, setId)))
      throw new DomainError('FORBIDDEN', 'The policies of this service do not allow the caller this request.');
    await this.registry.open({ connectionId, setId, owner });
  }
}
