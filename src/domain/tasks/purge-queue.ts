import type { Clock } from '../../ports/system.ts';
import type { QueueStore, TaskStore } from '../../ports/tasks.ts';
import { assertMet, type Precondition } from '../shared/precondition.ts';
import { changeListed } from './change-listed.ts';
import { queueNotEmpty, queueNotFound } from './errors.ts';
import type { Queue } from './queue.ts';
import { cancelled, isOpen, type Task } from './task.ts';

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
   * @param precondition what must hold of the queue's settings before the first one goes
   * @returns how many
   * @throws DomainError `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`; in the latter case some may be gone already
   */
  async purge(queue: string, status: PurgedStatus, precondition?: Precondition<Queue>): Promise<number> {
    if (precondition) assertMet(precondition, await this.queues.get(queue));
    return changeListed(this.tasks, queue, { status }, (found) =>
      Promise.all(found.map((task) => this.purgeTask(task))),
    );
  }

  /**
   * Removes a queue with its settings. Its finished tasks are kept as long as any; under its name it goes on with its
   * counters.
   *
   *     enqueue:  reads the settings ──────────────── adds a task
   *     remove:                        empty? removes            empty? no: puts the queue back
   *
   * @param precondition what must hold of its settings, or it stays
   * @returns the queue that was there
   * @throws DomainError `TASKS_QUEUE_NOT_FOUND`, `PRECONDITION_FAILED`, `TASKS_QUEUE_NOT_EMPTY`, `STORE_UNAVAILABLE`; in
   * these cases the queue stays, as far as the store lets it
   */
  async remove(queue: string, precondition?: Precondition<Queue>): Promise<Queue> {
    const stored = await this.queues.get(queue);
    if (!stored) throw queueNotFound(queue);
    if (precondition) assertMet(precondition, stored);
    await this.assertEmpty(queue);
    let isRemoved: boolean;
    try {
      isRemoved = await this.queues.remove(queue, precondition && stored);
      if (isRemoved) await this.assertEmpty(queue);
    } catch (error) {
      await this.putBack(stored);
      throw error;
    }
    // The queue was configured again in between.
    return isRemoved ? stored : this.remove(queue, precondition);
  }

  /** A queue without settings would never be swept. */
  private async putBack({ paused, breaker: _, turn: __, version: ___, ...settings }: Queue): Promise<void> {
    await this.queues.create(settings);
    if (paused) await this.queues.pause(settings.queue, true);
  }

  private async assertEmpty(queue: string): Promise<void> {
    const { pending, taken } = await this.tasks.stats(queue, this.clock.now());
    if (pending + taken > 0) throw queueNotEmpty(queue);
  }

  private purgeTask(task: Task): Promise<boolean> {
    return isOpen(task) ? this.tasks.replace(task, cancelled(task, this.clock.now())) : this.tasks.remove(task);
  }
}
