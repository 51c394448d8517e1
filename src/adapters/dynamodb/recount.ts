import { finalList, laterList, type OpenIndex, openLists } from './open-index.ts';
import { type QueueCounts, rateIn } from './queue-counts.ts';

/** Processes may not have sent what happened in these last seconds. */
const UNSENT_SECONDS = 3;

/**
 * Counts anew what a queue holds, for what killed processes have left uncounted; one process does so, once a minute.
 * While much happens, the index is ahead of the counts, and small differences mean nothing; when all is quiet, the
 * counts come out exact.
 *
 * @param now epoch ms
 * @throws DomainError `STORE_UNAVAILABLE`
 */
export async function recount(index: OpenIndex, queueCounts: QueueCounts, queue: string, now: number): Promise<void> {
  if (!(await queueCounts.beginRecount(queue, now))) return;
  const counted = await queueCounts.read(queue);
  const [open, later, failures] = await Promise.all([
    index.count(openLists(queue)),
    index.count([laterList(queue)]),
    index.count([finalList(queue, 'FAILURE')]),
  ]);
  const unsentDone = UNSENT_SECONDS * (rateIn(counted, 'done', now) ?? 0);
  const unsent = unsentDone + UNSENT_SECONDS * (rateIn(counted, 'added', now) ?? 0);
  const missing = (found: number, known = 0, tolerance = unsent): number =>
    Math.abs(found - known) > tolerance ? found - known : 0;
  queueCounts.add(queue, {
    open: missing(open.all + later.all, counted.open),
    taken: missing(open.taken, counted.taken, unsentDone),
    later: missing(later.all, counted.later),
    deadLetters: missing(failures.all, counted.deadLetters, unsentDone),
  });
}
