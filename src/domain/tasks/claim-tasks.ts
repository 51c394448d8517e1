import type { Clock, Ids, Random } from '../../ports/system.ts';
import type { ClaimOutcome, QueueStore, TaskStore } from '../../ports/tasks.ts';
import { settingsOf } from './find-queues.ts';
import type { Order } from './order.ts';
import type { QueueOrders } from './queue-orders.ts';
import { Spreads } from './spreads.ts';
import { settledIfOverdue, type Task } from './task.ts';

/** What one claimer asks for. */
export interface ClaimRequest {
  /** The most tasks. */
  readonly max: number;
  /** The queue's if absent. */
  readonly leaseSeconds?: number;
  /** Who claims, as they call themselves. */
  readonly worker?: string;
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
   * Claims tasks in the queue's order, for several claimers with one look at the queue; the first is served first. From
   * a queue that is paused nobody gets any.
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

  /** Looks at the queue and claims what it sees, until every slot is filled or there is nothing left to claim. */
  private async grant(queue: string, requests: readonly ClaimRequest[], granted: readonly Task[][]): Promise<void> {
    const settings = await settingsOf(this.queues, queue);
    if (settings.paused) return;
    const order = await this.orders.of(settings);
    const passed = new Set<string>();
    for (let hesitations = 0; ; ) {
      const slots = openSlots(requests, granted, settings.leaseSeconds);
      if (slots.length === 0) return;
      const spread = this.spreads.of(queue);
      const lookedAt = this.clock.now();
      const heads = await this.heads(queue, order, slots.length + spread - 1, passed);
      if (heads.length === 0) return;
      const start = this.spreads.choose(queue, this.random, hesitations);
      const chosen = heads.slice(start, start + shareOf(heads.length, slots.length, spread));
      hesitations = chosen.length === 0 ? hesitations + 1 : 0;
      const refused = await this.fill(slots, chosen);
      for (const { taskId, task } of refused) {
        passed.add(taskId);
        if (isLostRace(task, lookedAt)) this.spreads.widen(queue);
      }
    }
  }

  /** The next tasks that were not passed over. */
  private async heads(queue: string, order: Order, wanted: number, passed: ReadonlySet<string>): Promise<string[]> {
    const heads = await this.tasks.heads(queue, order, wanted + passed.size, this.clock.now());
    return heads.filter((taskId) => !passed.has(taskId));
  }

  /**
   * Claims a task for each slot, as far as they go.
   *
   * @returns those that could not be claimed
   * @throws DomainError `STORE_UNAVAILABLE` once everything else is done
   */
  private async fill(slots: readonly Slot[], taskIds: readonly string[]): Promise<Refusal[]> {
    const claims = taskIds.map((taskId, index) => this.claim(taskId, slots[index] as Slot));
    const refused: Refusal[] = [];
    for (const [index, claim] of (await Promise.allSettled(claims)).entries()) {
      if (claim.status === 'rejected') continue;
      const { kind, task } = claim.value;
      if (kind === 'claimed') slots[index]?.tasks.push(task);
      else refused.push({ taskId: taskIds[index] as string, task });
    }
    await Promise.all(claims);
    return refused;
  }

  /** Claims a task, or settles it if that is why it cannot be claimed. */
  private async claim(taskId: string, { leaseSeconds, worker }: Slot): Promise<ClaimOutcome> {
    const claimedAt = this.clock.now();
    const grant = { fence: this.ids.secret(), claimedAt, leaseSeconds, ...(worker === undefined ? {} : { worker }) };
    const outcome = await this.tasks.claim(taskId, grant);
    if (outcome.kind === 'claimed' || !outcome.task) return outcome;
    const after = settledIfOverdue(outcome.task, claimedAt);
    if (after) await this.tasks.replace(outcome.task, after);
    return outcome;
  }
}

interface Refusal {
  readonly taskId: string;
  /** As it stands. */
  readonly task: Task | undefined;
}

/**
 * Whether another claimer was faster. A task that was claimed before the look began is shown by a store that lags: this
 * claimer may be the one who has it.
 */
const isLostRace = (task: Task | undefined, lookedAt: number): boolean =>
  task?.claimedAt !== undefined && task.claimedAt >= lookedAt;

/**
 * How many of the tasks that it sees a claimer takes. Where there is not enough for everybody, nobody takes more than a
 * fair share at once.
 */
const shareOf = (seen: number, slots: number, spread: number): number =>
  seen < slots + spread - 1 ? Math.min(slots, Math.ceil(seen / spread)) : slots;

interface Slot {
  readonly leaseSeconds: number;
  readonly worker: string | undefined;
  /** Where the task goes that fills it. */
  readonly tasks: Task[];
}

/** A slot for each task that is still wanted, in the order of the requests. */
function openSlots(requests: readonly ClaimRequest[], granted: readonly Task[][], defaultLeaseSeconds: number): Slot[] {
  const slots = requests.flatMap(({ max, leaseSeconds = defaultLeaseSeconds, worker }, index) => {
    const tasks = granted[index] as Task[];
    return Array.from({ length: max - tasks.length }, () => ({ leaseSeconds, worker, tasks }));
  });
  return slots.slice(0, MAX_AT_ONCE);
}
