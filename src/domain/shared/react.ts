import type { Outbox } from '../../ports/system.ts';
import { concurrently } from './concurrently.ts';
import type { Reaction } from './reaction.ts';

/** Effects that are put at the same time. */
const AT_ONCE = 10;

/**
 * Puts the effects of changes into the outbox, each change for itself.
 *
 * @returns the changes some of whose effects could not be put, with the reasons; they may be given again
 */
export async function react<Change>(
  reaction: Reaction<Change>,
  outbox: Outbox,
  changes: readonly Change[],
): Promise<readonly { readonly change: Change; readonly error: unknown }[]> {
  const outcomes = await concurrently(AT_ONCE, changes, async (change) => {
    try {
      for (const effect of reaction(change)) await outbox.put(effect);
      return undefined;
    } catch (error) {
      return { change, error };
    }
  });
  return outcomes.filter((outcome) => outcome !== undefined);
}
