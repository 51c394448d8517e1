import type { FlagStore, FlagTicketStore } from '../../ports/flags.ts';
import type { Clock, Digest, Ids } from '../../ports/system.ts';
import { existingSet } from './existing-set.ts';
import type { TicketHolder, TicketUse } from './ticket.ts';

export interface IssuedTicket {
  readonly ticket: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** A page connects within moments; a stream comes back to the same address whenever its connection was lost. */
const LIFETIME_MS: Readonly<Record<TicketUse, number>> = { socket: 30_000, events: 3_600_000 };

/** Lets in browsers, which send no headers with a socket or an event stream, as whoever asked for the ticket. */
export class FlagTickets {
  constructor(
    private readonly tickets: FlagTicketStore,
    private readonly sets: FlagStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly digest: Digest,
  ) {}

  /** @throws DomainError `FLAGS_SET_NOT_FOUND`, `STORE_UNAVAILABLE` */
  async issue(setId: string, use: TicketUse, holder: TicketHolder): Promise<IssuedTicket> {
    await existingSet(this.sets, setId);
    const ticket = this.ids.secret();
    const madeAt = this.clock.now();
    const endsAt = madeAt + LIFETIME_MS[use];
    await this.tickets.put({ setId, use, digest: this.digest.of(ticket), holder, madeAt, endsAt });
    return { ticket, expiresAt: endsAt };
  }

  /**
   * Whose ticket it is. One of a socket is used up by that.
   *
   * @returns undefined for what is no ticket of this use and set, or not any more
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async redeem(setId: string, use: TicketUse, ticket: string): Promise<TicketHolder | undefined> {
    const digest = this.digest.of(ticket);
    const found = await (use === 'socket' ? this.tickets.take(setId, digest) : this.tickets.find(setId, digest));
    return found && found.use === use && found.endsAt > this.clock.now() ? found.holder : undefined;
  }
}
