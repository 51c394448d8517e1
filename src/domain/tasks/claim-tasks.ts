import type { Clock, Ids, Random } from '../../ports/system.ts';
import type { QueueStore, TaskStore } from '../../ports/tasks.ts';
import { settingsOf } from './find-queues.ts';
import type { Order } from './order.ts';
import type { QueueOrders } from './queue-orders.ts';
import { Spreads } from './spreads.ts';
import { overdue, type Task } from './task.ts';

/** What one claimer asks for. */
export interface ClaimRequest {
  /** The most tasks. */
  readonly max: number;
  /** The queue's if absent. */
  readonly leaseSeconds?: number;
}

/** Claims sent to the store at once. */
const MAX_AT_ONCE = 100;

export class ClaimTasks {
  private readonly spreads = new Spreads();

  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly orders: QueueOrders,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly random: Random,
  ) {}

  /**
   * Claims tasks in the queue's order, for several claimers with one look at the queue; the first is served first.
   *
   * @returns the tasks of each claimer; none when there is nothing to claim
   * @throws DomainError `STORE_UNAVAILABLE` when that kept everything from being claimed
   */
  async execute(queue: string, requests: readonly ClaimRequest[]): Promise<readonly (readonly Task[])[]> {
    const granted = requests.map((): Task[] => []);
    try {
      await this.grant(queue, requests, granted);
    } catch (error) {
      // What is claimed already must reach its claimer, or nobody works on it until its lease runs out.
      if (granted.every((tasks) => tasks.length === 0)) throw error;
    }
    return granted;
  }

  private async grant(queue: string, requests: readonly ClaimRequest[], granted: readonly Task[][]): Promise<void> {
    const settings = await settingsOf(this.queues, queue);
    const order = await this.orders.of(settings);
    const passed = new Set<string>();
    for (let hesitations = 0; ; ) {
      const slots = openSlots(requests, granted);
      if (slots.length === 0) return;
      const spread = this.spreads.of(queue);
      const wanted = slots.length + spread - 1;
      const heads = await this.heads(queue, order, wanted, passed);
      if (heads.length === 0) return;
      const start = this.spreads.choose(queue, this.random, hesitations);
      if (start >= heads.length) {
        hesitations++;
        continue;
      }
      hesitations = 0;
      // Where there is not enough for everybody, nobody takes more than a fair share at once.
      const share = heads.length < wanted ? Math.ceil(heads.length / spread) : slots.length;
      const chosen = heads.slice(start, start + Math.min(share, slots.length));
      const claims = chosen.map((taskId, index) =>
        this.claim(taskId, slots[index]?.request.leaseSeconds ?? settings.leaseSeconds),
      );
      for (const [index, claim] of (await Promise.allSettled(claims)).entries()) {
        if (claim.status === 'rejected') continue;
        if (typeof claim.value === 'object') slots[index]?.tasks.push(claim.value);
        else passed.add(chosen[index] as string);
        if (claim.value === 'lost') this.spreads.widen(queue);
      }
      await Promise.all(claims);
    }
  }

  /** The next tasks that were not passed over. */
  private async heads(queue: string, order: Order, wanted: number, passed: ReadonlySet<string>): Promise<string[]> {
    const heads = await this.tasks.heads(queue, order, wanted + passed.size, this.clock.now());
    return heads.filter((taskId) => !passed.has(taskId));
  }

  /** @returns the task, or why it was passed over */
  private async claim(taskId: string, leaseSeconds: number): Promise<Task | 'lost' | 'overdue'> {
    const claimedAt = this.clock.now();
    const grant = { fence: this.ids.next(), claimedAt, leaseUntil: claimedAt + leaseSeconds * 1000 };
    const outcome = await this.tasks.claim(taskId, grant);
    if (outcome.kind === 'claimed') return outcome.task;
    const after = outcome.task && overdue(outcome.task, claimedAt);
    if (!outcome.task || !after) return 'lost';
    await this.tasks.replace(outcome.task, after);
    return 'overdue';
  }
}

interface Slot {
  readonly request: ClaimRequest;
  /** Where the task goes that fills it. */
  readonly tasks: Task[];
}

/** A slot for each task that is still wanted, in the order of the requests. */
function openSlots(requests: readonly ClaimRequest[], granted: readonly Task[][]): Slot[] {
  const slots = requests.flatMap((request, index) => {
    const tasks = granted[index] as Task[];
    return Array.from({ length: request.max - tasks.length }, () => ({ request, tasks }));
  });
  return slots.slice(0, MAX_AT_ONCE);
}
