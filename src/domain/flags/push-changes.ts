import type { FlagStore } from '../../ports/flags.ts';
import type { Clock } from '../../ports/system.ts';
import { changedValues } from './changed-values.ts';
import type { DeliverMessages } from './deliver-messages.ts';
import { earlierSet } from './earlier-set.ts';
import type { ServerMessage } from './socket-messages.ts';

export class PushChanges {
  constructor(
    private readonly store: FlagStore,
    private readonly deliver: DeliverMessages,
    private readonly clock: Clock,
  ) {}

  /**
   * Tells all subscribers of a set what is new in it. It may be repeated, and come late or not at all: each message names
   * the revision from which it leads to which, and whoever holds another one leaves it or asks for the state.
   *
   * @param from the revision before the first that they may not know
   * @param to the last that is told; a later one has a push of its own, and the two join without a gap
   * @returns how many could not be reached, since their messages were refused again and again
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async execute(setId: string, from: number, to: number): Promise<number> {
    const asOf = this.clock.now();
    const newest = await this.store.get(setId);
    if (!newest) return this.deliver.endAll(setId);
    if (newest.revision <= from) return 0;
    const after = to < newest.revision ? await earlierSet(this.store, newest, to) : newest;
    const before = await earlierSet(this.store, after, from);
    return this.deliver.toAll(
      setId,
      async ({ context, contextId }): Promise<ServerMessage> => ({
        type: 'change',
        from,
        to: after.revision,
        contextId,
        asOf,
        ...changedValues(before, after, context),
      }),
    );
  }
}
