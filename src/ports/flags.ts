import type { FlagSet, FlagSetSummary, HistoryEntry, Revision } from '../domain/flags/flag-set.ts';
import type { ConnectionOwner, Delivery, HostedConnection, Subscriber } from '../domain/flags/hosted-connection.ts';
import type { StoredTicket } from '../domain/flags/ticket.ts';
import type { Page, PageRequest } from '../domain/shared/page.ts';

/** Flag sets with their flags and their history. Reads are consistent. */
export interface FlagStore {
  /**
   * Makes a set without flags, at revision 0. Of several at once, one makes it.
   *
   * @returns false if there is such a set, or ever was
   * @throws DomainError `STORE_UNAVAILABLE`; the set may have been made
   */
  create(set: FlagSetSummary): Promise<boolean>;

  /**
   * A set as one revision left it, whatever is changed meanwhile.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  get(setId: string): Promise<FlagSet | undefined>;

  /**
   * The number of a set's revision, at little cost.
   *
   * @returns undefined where there is no such set
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  revision(setId: string): Promise<number | undefined>;

  /**
   * Makes a revision: the flags and the history change together, or not at all. Of several at once that follow the same
   * revision, one is made.
   *
   * @param set as it was read
   * @param revision the next of it, with at most `MAX_CHANGES` changes
   * @returns false if the set has another revision by now, or was deleted
   * @throws DomainError `STORE_UNAVAILABLE`; the revision may have been made
   */
  commit(set: FlagSet, revision: Revision): Promise<boolean>;

  /**
   * Deletes a set for good: it is not found any more, and no other gets its id. What it had stays until {@link clear}.
   *
   * @param revision that the set must still have
   * @returns false if it has another one, or was deleted
   * @throws DomainError `STORE_UNAVAILABLE`; the set may have been deleted
   */
  delete(setId: string, revision: number): Promise<boolean>;

  /**
   * Removes the flags and the history of a set that is deleted; goes on where it broke off. Does nothing to a set that is there.
   *
   * @throws DomainError `STORE_UNAVAILABLE`; a part may have been removed
   */
  clear(setId: string): Promise<void>;

  /**
   * Every change of a set, newest first; nothing of one that is deleted.
   *
   * @throws DomainError `INVALID_REQUEST` for a text that is no cursor, `STORE_UNAVAILABLE`
   */
  history(setId: string, page: PageRequest): Promise<Page<HistoryEntry>>;

  /**
   * All sets in the order of their ids.
   *
   * @throws DomainError `INVALID_REQUEST` for a text that is no cursor, `STORE_UNAVAILABLE`
   */
  list(page: PageRequest): Promise<Page<FlagSetSummary>>;
}

/**
 * The clients that are connected where somebody else holds the connections, as API Gateway does for functions. Nothing tells
 * reliably that a connection has ended: what is noted of it is forgotten some time after the longest that it may last.
 */
export interface ConnectionRegistry {
  /** @throws DomainError `STORE_UNAVAILABLE` */
  open(connection: HostedConnection): Promise<void>;

  /** @throws DomainError `STORE_UNAVAILABLE` */
  get(connectionId: string): Promise<HostedConnection | undefined>;

  /**
   * Notes for which context a connection wants values, unless one with a higher number is noted: of two messages of a client
   * the later may be handled first.
   *
   * @returns whether it was noted
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  subscribe(subscriber: Subscriber): Promise<boolean>;

  /**
   * What a connection has subscribed to.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  subscription(connection: HostedConnection): Promise<Subscriber | undefined>;

  /**
   * Every connection that has subscribed to a set before the call, some at a time; possibly those that have come or gone since.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  subscribers(setId: string): AsyncIterable<readonly Subscriber[]>;

  /**
   * Forgets a connection; it need not be known.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  close(connection: Pick<HostedConnection, 'connectionId' | 'setId'>): Promise<void>;
}

/** Whoever holds the connections. */
export interface ConnectionHost {
  /**
   * Sends a message, of 128 kB at most. Settles within 5 s.
   *
   * @throws Error for a failure that no repeat can mend
   */
  send(connectionId: string, text: string): Promise<Delivery>;

  /** Ends a connection, which may have ended before. @throws Error if it goes on */
  end(connectionId: string): Promise<void>;
}

/** Judges whether somebody may be connected to a flag set. */
export interface ConnectionRights {
  /** @throws DomainError `STORE_UNAVAILABLE` where nobody can tell */
  mayConnect(owner: ConnectionOwner, setId: string): Promise<boolean>;
}

/** Tickets, until they end and for a while after that. Reads are consistent. */
export interface FlagTicketStore {
  /** @throws DomainError `STORE_UNAVAILABLE`; it may have been stored */
  put(ticket: StoredTicket): Promise<void>;

  /**
   * @param digest of the ticket
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  find(setId: string, digest: string): Promise<StoredTicket | undefined>;

  /**
   * Takes a ticket away. Of several at once, one gets it.
   *
   * @param digest of the ticket
   * @throws DomainError `STORE_UNAVAILABLE`; it may have been taken
   */
  take(setId: string, digest: string): Promise<StoredTicket | undefined>;
}
