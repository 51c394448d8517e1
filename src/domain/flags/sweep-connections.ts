import type { FlagStore } from '../../ports/flags.ts';
import { pagesOf } from '../shared/page.ts';
import type { CurrentFlagSets } from './current-flag-sets.ts';
import type { DeliverMessages } from './deliver-messages.ts';
import { FlagConnection } from './flag-connection.ts';
import type { Subscriber } from './hosted-connection.ts';
import type { ServerMessage } from './socket-messages.ts';

const PAGE = 100;

export class SweepConnections {
  constructor(
    private readonly store: Pick<FlagStore, 'list'>,
    private readonly current: Pick<CurrentFlagSets, 'read'>,
    private readonly deliver: DeliverMessages,
  ) {}

  /**
   * Tells every subscriber the revision of its set, so that whoever has missed a change asks for the state; makes the revisions
   * for which it is time; and disconnects who lost the right.
   *
   * @returns how many could not be reached
   * @throws the first failure, once all sets have had their turn
   */
  async execute(): Promise<number> {
    const failures: unknown[] = [];
    let missed = 0;
    const pages = pagesOf((cursor) => this.store.list({ limit: PAGE, ...(cursor ? { cursor } : {}) }));
    for await (const sets of pages)
      for (const { setId } of sets)
        try {
          // The next sweep is the next attempt: more of them here would keep the sets behind this one from their turn.
          missed += await this.deliver.toAll(setId, (subscriber) => this.signOfLife(subscriber), []);
        } catch (error) {
          failures.push(error);
        }
    if (failures.length > 0) throw failures[0];
    return missed;
  }

  /** Reads the set as often as that is due: it may change while many are told. */
  private async signOfLife({ setId, context, contextId }: Subscriber): Promise<ServerMessage> {
    const current = await this.current.read(setId);
    const held = { context, contextId, revision: current.set.revision };
    return new FlagConnection(held).signOfLife(current) as ServerMessage;
  }
}
