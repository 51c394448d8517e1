import type { TallyStore } from '../../ports/votes.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { emptyTally, type Tally } from './tally.ts';

/** Each lost race means that another change succeeded, so this many in a row are a sign of trouble, not of traffic. */
const MAX_ATTEMPTS = 20;

/**
 * Changes a poll's tally: reads it, asks `change` what it should be, and stores that by compare-and-set; after
 * a lost race it begins again.
 *
 * @param change may be called several times; gives back the same object where nothing is to be written
 * @param known the tally as it was read lately, which saves the first reading
 * @returns the tally as it was read and as it is now
 * @throws DomainError `STORE_UNAVAILABLE`; changing again is safe
 */
export async function changeTally(
  tallies: TallyStore,
  pollId: string,
  change: (tally: Tally) => Tally | Promise<Tally>,
  known?: Tally,
): Promise<{ readonly before: Tally; readonly after: Tally }> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const before = (attempt === 1 ? known : undefined) ?? (await tallies.get(pollId)) ?? emptyTally(pollId);
    const after = await change(before);
    if (after === before || (await tallies.put(after))) return { before, after };
  }
  throw storeUnavailable(new Error(`The tally of poll ${pollId} changed ${MAX_ATTEMPTS} times meanwhile`));
}
