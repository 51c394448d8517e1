import type { FlagTickets } from '../../../domain/flags/tickets.ts';
import { DomainError } from '../../../domain/shared/domain-error.ts';
import type { Guards } from '../guards.ts';

/**
 * Identifies whoever brings a ticket where a route takes them, as the one who asked for it.
 *
 * @param keyNames of the API keys; a ticket of another one holds no more
 * @param knowTime what must be done before the time of the store is used
 */
export function identifyByTicket(
  tickets: FlagTickets,
  keyNames: readonly string[],
  knowTime: () => Promise<void>,
): Required<Pick<Guards, 'identify'>> {
  return {
    identify: async ({ routeOptions, params, query }) => {
      const use = routeOptions.config.ticket;
      const { ticket } = query as { readonly ticket?: unknown };
      if (use === undefined || typeof ticket !== 'string') return undefined;
      await knowTime();
      const holder = await tickets.redeem((params as { readonly set: string }).set, use, ticket);
      if (holder && (holder.keyName === undefined || keyNames.includes(holder.keyName))) return holder;
      throw new DomainError('UNAUTHORIZED', 'The ticket is not known here, or not any more. Ask for a new one.');
    },
  };
}
