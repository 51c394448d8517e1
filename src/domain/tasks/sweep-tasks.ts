import type { Clock, Meter } from '../../ports/system.ts';
import type { QueueStore, TaskStore, WakeUps } from '../../ports/tasks.ts';
import { overdue } from './task.ts';

const PAGE = 100;
/** Queues swept at the same time. */
const QUEUES_AT_ONCE = 10;

/** Does what nobody asks for: settles what is overdue, and wakes workers whose signal was lost. */
export class SweepTasks {
  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly wakeUps: WakeUps,
    private readonly clock: Clock,
    private readonly meter: Meter,
  ) {}

  /**
   * Sweeps every queue. One that cannot be swept does not keep the others from it. Records as `OldestTaskAge` how long the
   * oldest task of all queues that can be claimed has been waiting, ms, and as `QueuesWithDeadLetters` how many queues
   * hold a FAILURE.
   *
   * @throws AggregateError when some could not be swept; sweeping again is safe
   */
  async execute(): Promise<void> {
    const failures: unknown[] = [];
    let oldestAge = 0;
    let queuesWithDeadLetters = 0;
    const sweep = async (queue: string): Promise<void> => {
      const age = await this.sweep(queue);
      oldestAge = Math.max(oldestAge, age);
      const { items } = await this.tasks.list(queue, 'FAILURE', { limit: 1 });
      queuesWithDeadLetters += items.length;
    };
    let cursor: string | undefined;
    do {
      const page = await this.queues.list({ limit: QUEUES_AT_ONCE, cursor });
      await Promise.all(page.items.map(({ queue }) => sweep(queue).catch((error) => failures.push(error))));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    this.meter.record('OldestTaskAge', oldestAge, 'Milliseconds');
    this.meter.record('QueuesWithDeadLetters', queuesWithDeadLetters, 'Count');
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} queues could not be swept`);
  }

  /** @returns how long its oldest task has been waiting that can be claimed, ms; 0 if none waits */
  private async sweep(queue: string): Promise<number> {
    await this.tasks.tidy(queue, this.clock.now());
    let settled: number;
    do settled = await this.settleSome(queue);
    while (settled === PAGE);
    const [head] = await this.tasks.heads(queue, 'fifo', 1, this.clock.now());
    if (head === undefined) return 0;
    await this.wakeUps.notify(queue);
    const task = await this.tasks.get(head);
    return task ? Math.max(0, this.clock.now() - Math.max(task.createdAt, task.notBefore)) : 0;
  }

  /** @returns how many */
  private async settleSome(queue: string): Promise<number> {
    const now = this.clock.now();
    const tasks = await this.tasks.listOverdue(queue, now, PAGE);
    const settled = await Promise.all(
      tasks.map(async (task) => {
        const after = overdue(task, now);
        return after !== undefined && (await this.tasks.replace(task, after));
      }),
    );
    return settled.filter(Boolean).length;
  }
}
