/** What a ticket opens: one connection of the socket, or event streams for as long as it holds. */
export const TICKET_USES = ['socket', 'events'] as const;
export type TicketUse = (typeof TICKET_USES)[number];

/** Who asked for a ticket, and so whoever comes with it. */
export interface TicketHolder {
  /** Name of the API key; undefined for a token. */
  readonly keyName?: string;
  /** As policies know the holder. */
  readonly subjects: readonly [string, ...string[]];
  /** When the holder's token expires, epoch ms. */
  readonly expiresAt?: number;
}

/** What is kept of a ticket: nothing from which it could be made. */
export interface StoredTicket {
  readonly setId: string;
  readonly use: TicketUse;
  /** Digest of the ticket. */
  readonly digest: string;
  readonly holder: TicketHolder;
  /** Epoch ms. */
  readonly madeAt: number;
  /** Epoch ms. */
  readonly endsAt: number;
}
