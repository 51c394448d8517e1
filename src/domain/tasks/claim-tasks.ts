import type { Clock, Ids, Meter, Random } from '../../ports/system.ts';
import type { ClaimOutcome, QueueStore, TaskStore } from '../../ports/tasks.ts';
import { ClaimContention } from './claim-contention.ts';
import { settingsOf } from './find-queues.ts';
import type { Order } from './order.ts';
import type { QueueOrders } from './queue-orders.ts';
import { recordEnd } from './record-end.ts';
import { expiredIfOverdue, type Task } from './task.ts';

/** What one claimer asks for. */
export interface ClaimRequest {
  /** The most tasks. */
  readonly max: number;
  /** The queue's if absent. */
  readonly leaseSeconds?: number;
  /** The name that the claimer gives itself. */
  readonly worker?: string;
}

/** Claims sent to the store at once. */
const MAX_AT_ONCE = 100;

export class ClaimTasks {
  private readonly contention = new ClaimContention();

  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly orders: QueueOrders,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly random: Random,
    private readonly meter: Meter,
  ) {}

  /**
   * Claims tasks in the queue's order. Serves several waiting claimers from one index query, in order of arrival. A
   * paused queue yields none.
   *
   * @returns the tasks of each claimer; none when there is nothing to claim
   * @throws DomainError `STORE_UNAVAILABLE` when that kept everything from being claimed
   */
  async execute(queue: string, requests: readonly ClaimRequest[]): Promise<readonly (readonly Task[])[]> {
    const claimed = requests.map((): Task[] => []);
    try {
      await this.fillSlots(queue, requests, claimed);
    } catch (error) {
      // A claimed task that is not returned would lie idle until its lease expires.
      if (claimed.every((tasks) => tasks.length === 0)) throw error;
    }
    return claimed;
  }

  /** Queries and claims until every slot is filled or nothing claimable is left. */
  private async fillSlots(queue: string, requests: readonly ClaimRequest[], claimed: readonly Task[][]): Promise<void> {
    const settings = await settingsOf(this.queues, queue);
    if (settings.paused) return;
    const order = await this.orders.currentOrder(settings);
    const excluded = new Set<string>();
    for (let emptyPicks = 0; ; ) {
      const slots = openSlots(requests, claimed, settings.leaseSeconds);
      if (slots.length === 0) return;
      const spread = this.contention.spread(queue);
      const queriedAt = this.clock.now();
      const claimable = await this.claimable(queue, order, slots.length + spread - 1, excluded);
      if (claimable.length === 0) return;
      const start = this.contention.chooseStart(queue, this.random, emptyPicks);
      const chosen = claimable.slice(start, start + shareOf(claimable.length, slots.length, spread));
      emptyPicks = chosen.length === 0 ? emptyPicks + 1 : 0;
      const refused = await this.claimFor(slots, chosen);
      for (const { taskId, task } of refused) {
        excluded.add(taskId);
        if (isLostRace(task, queriedAt)) this.contention.recordLostRace(queue);
      }
    }
  }

  /** The next claimable tasks, without those whose claim was refused before. */
  private async claimable(
    queue: string,
    order: Order,
    wanted: number,
    excluded: ReadonlySet<string>,
  ): Promise<string[]> {
    const claimable = await this.tasks.listClaimable(queue, order, wanted + excluded.size, this.clock.now());
    return claimable.filter((taskId) => !excluded.has(taskId));
  }

  /**
   * Claims one task for each slot, as far as the tasks suffice.
   *
   * @returns the tasks that could not be claimed
   * @throws DomainError `STORE_UNAVAILABLE`, after all claims have ended
   */
  private async claimFor(slots: readonly Slot[], taskIds: readonly string[]): Promise<Refusal[]> {
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

  /** Claims a task, or ends it if it is overdue and therefore not claimable. */
  private async claim(taskId: string, { leaseSeconds, worker }: Slot): Promise<ClaimOutcome> {
    const claimedAt = this.clock.now();
    const lease = { fence: this.ids.secret(), claimedAt, leaseSeconds, ...(worker === undefined ? {} : { worker }) };
    const outcome = await this.tasks.claim(taskId, lease);
    if (outcome.kind === 'claimed' || !outcome.task) return outcome;
    const after = expiredIfOverdue(outcome.task, claimedAt);
    if (after && (await this.tasks.replace(outcome.task, after))) recordEnd(this.meter, after);
    return outcome;
  }
}

interface Refusal {
  readonly taskId: string;
  /** Its present state, if it exists. */
  readonly task: Task | undefined;
}

/**
 * Whether another claimer was faster. The index lags: a task that was claimed before the query began is stale data, not
 * contention.
 */
const isLostRace = (task: Task | undefined, queriedAt: number): boolean =>
  task?.claimedAt !== undefined && task.claimedAt >= queriedAt;

/**
 * How many of the `seen` tasks one round tries to claim. Where there are too few for all contending claimers, that is a
 * fair share of them.
 */
const shareOf = (seen: number, slots: number, spread: number): number =>
  seen < slots + spread - 1 ? Math.min(slots, Math.ceil(seen / spread)) : slots;

interface Slot {
  readonly leaseSeconds: number;
  readonly worker: string | undefined;
  /** The list to which the claimed task is added. */
  readonly tasks: Task[];
}

/** One slot for each task that is still wanted, in the order of the requests. */
function openSlots(requests: readonly ClaimRequest[], claimed: readonly Task[][], defaultLeaseSeconds: number): Slot[] {
  const slots = requests.flatMap(({ max, leaseSeconds = defaultLeaseSeconds, worker }, index) => {
    const tasks = claimed[index] as Task[];
    return Array.from({ length: max - tasks.length }, () => ({ leaseSeconds, worker, tasks }));
  });
  return slots.slice(0, MAX_AT_ONCE);
}
