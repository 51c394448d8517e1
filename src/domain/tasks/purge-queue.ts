import type { Clock } from '../../ports/system.ts';
import type { QueueStore, TaskStore } from '../../ports/tasks.ts';
import { pagesOf } from '../shared/page.ts';
import { queueNotEmpty, queueNotFound } from './errors.ts';
import { cancelled, isOpen, type Task } from './task.ts';

/** The most tasks that one call removes; call again for more. */
const MAX_PER_CALL = 1_000;
const PAGE = 100;

export type PurgedStatus = 'PENDING' | 'FAILURE' | 'SHED' | 'CANCELLED';

/** Empties queues, and removes empty ones. */
export class PurgeQueue {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Cancels tasks that are PENDING, or removes those that are finished, the newest first, at most 1,000.
   *
   * @returns how many
   * @throws DomainError `STORE_UNAVAILABLE`; some may be gone already
   */
  async purge(queue: string, status: PurgedStatus): Promise<number> {
    let count = 0;
    const readPage = (cursor: string | undefined) =>
      this.tasks.list(queue, status, { limit: Math.min(PAGE, MAX_PER_CALL - count), cursor });
    for await (const found of pagesOf(readPage)) {
      count += (await Promise.all(found.map((task) => this.purgeTask(task)))).filter(Boolean).length;
      if (count === MAX_PER_CALL) break;
    }
    return count;
  }

  /**
   * Removes a queue with its settings. Its finished tasks are kept as long as any; under its name it goes on with its
   * counters.
   *
   * @throws DomainError `TASKS_QUEUE_NOT_FOUND`, `TASKS_QUEUE_NOT_EMPTY`, `STORE_UNAVAILABLE`
   */
  async remove(queue: string): Promise<void> {
    const settings = await this.queues.get(queue);
    if (!settings) throw queueNotFound(queue);
    await this.assertEmpty(queue);
    await this.queues.remove(queue);
    // A task that came in between would be in a queue that nobody looks after.
    await this.assertEmpty(queue).catch(async (error) => {
      await this.queues.create(settings);
      throw error;
    });
  }

  private async assertEmpty(queue: string): Promise<void> {
    const { pending, taken } = await this.tasks.figures(queue, this.clock.now());
    if (pending + taken > 0) throw queueNotEmpty(queue);
  }

  private purgeTask(task: Task): Promise<boolean> {
    return isOpen(task) ? this.tasks.replace(task, cancelled(task, this.clock.now())) : this.tasks.remove(task);
  }
}
