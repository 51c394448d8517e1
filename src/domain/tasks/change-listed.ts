import type { ListedStatus, TaskStore } from '../../ports/tasks.ts';
import { pagesOf } from '../shared/page.ts';
import type { Task } from './task.ts';

/** The most tasks that one call changes; call again for more. */
const MAX_PER_CALL = 1_000;
const PAGE = 100;

/**
 * Changes the tasks of a queue in one status, the newest first, a page at a time.
 *
 * @param options.limit the most; never more than 1,000
 * @param change tells of each task whether it was changed; it is never called with none
 * @returns how many were changed
 * @throws DomainError `STORE_UNAVAILABLE`; some may be changed already
 */
export async function changeListed(
  tasks: Pick<TaskStore, 'list'>,
  queue: string,
  { status, limit = MAX_PER_CALL }: { readonly status: ListedStatus; readonly limit?: number | undefined },
  change: (found: readonly Task[]) => Promise<readonly boolean[]>,
): Promise<number> {
  const most = Math.min(limit, MAX_PER_CALL);
  let count = 0;
  const readPage = (cursor: string | undefined) =>
    tasks.list(queue, status, { limit: Math.min(PAGE, most - count), cursor });
  for await (const found of pagesOf(readPage)) {
    if (found.length === 0) continue;
    count += (await change(found)).filter(Boolean).length;
    if (count === most) break;
  }
  return count;
}
