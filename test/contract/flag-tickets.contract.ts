import { beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredTicket } from '../../src/domain/flags/ticket.ts';
import type { FlagTicketStore } from '../../src/ports/flags.ts';

const NOW = Date.UTC(2027, 0, 1);

const aTicket = (digest: string, fields: Partial<StoredTicket> = {}): StoredTicket => ({
  setId: 'web',
  use: 'socket',
  digest,
  holder: { keyName: 'page', subjects: ['key:page'] },
  madeAt: NOW,
  endsAt: NOW + 30_000,
  ...fields,
});

/** @param make a new, empty store */
export function describeFlagTickets(name: string, make: () => Promise<FlagTicketStore>): void {
  describe(`FlagTicketStore: ${name}`, () => {
    let tickets: FlagTicketStore;
    beforeEach(async () => {
      tickets = await make();
    });

    it('finds what was put, for its set alone, as often as it is asked', async () => {
      const ticket = aTicket('one', {
        use: 'events',
        holder: { subjects: ['sub:ann', 'group:shop'], expiresAt: NOW + 5_000 },
      });
      await tickets.put(ticket);
      expect(await tickets.find('web', 'one')).toEqual(ticket);
      expect(await tickets.find('web', 'one')).toEqual(ticket);
      expect(await tickets.find('shop', 'one')).toBeUndefined();
      expect(await tickets.find('web', 'two')).toBeUndefined();
    });

    it('gives one away once, however many take it at the same time', async () => {
      await tickets.put(aTicket('one'));
      expect(await tickets.take('shop', 'one')).toBeUndefined();
      const taken = await Promise.all(Array.from({ length: 8 }, () => tickets.take('web', 'one')));
      expect(taken.filter(Boolean)).toEqual([aTicket('one')]);
      expect(await tickets.find('web', 'one')).toBeUndefined();
    });
  });
}
