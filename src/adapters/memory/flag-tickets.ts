import type { StoredTicket, TicketUse } from '../../domain/flags/ticket.ts';
import type { FlagTicketStore } from '../../ports/flags.ts';
import { type Maps, memoryMaps } from './maps.ts';

/** Of each use. More hold at one time only where somebody asks for them without end: the oldest then end early. */
const MAX_TICKETS = 100_000;

export class MemoryFlagTickets implements FlagTicketStore {
  /** Of each use in the order in which they were made, and so end. */
  private readonly tickets: Readonly<Record<TicketUse, Map<string, StoredTicket>>>;

  constructor(
    maps: Maps = memoryMaps,
    private readonly maxTickets = MAX_TICKETS,
  ) {
    this.tickets = { socket: maps.map('flag-tickets-socket'), events: maps.map('flag-tickets-events') };
  }

  async put(ticket: StoredTicket): Promise<void> {
    const ofUse = this.tickets[ticket.use];
    for (const [key, { endsAt }] of ofUse) {
      if (endsAt > ticket.madeAt && ofUse.size < this.maxTickets) break;
      ofUse.delete(key);
    }
    ofUse.set(keyOf(ticket.setId, ticket.digest), ticket);
  }

  async find(setId: string, digest: string): Promise<StoredTicket | undefined> {
    const key = keyOf(setId, digest);
    return this.tickets.socket.get(key) ?? this.tickets.events.get(key);
  }

  async take(setId: string, digest: string): Promise<StoredTicket | undefined> {
    const found = await this.find(setId, digest);
    return found && this.tickets[found.use].delete(keyOf(setId, digest)) ? found : undefined;
  }
}

const keyOf = (setId: string, digest: string): string => `${setId} ${digest}`;
