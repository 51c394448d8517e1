import type { OrderPolicy } from '../../src/domain/tasks/order.ts';
import { queueSettings } from '../../src/domain/tasks/queue.ts';
import type { Task } from '../../src/domain/tasks/task.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { putQueue } from '../helpers/queues.ts';
import { tasksWorld } from '../helpers/tasks-world.ts';

/** Work that arrives at a service of limited capacity. Loads are parts of that capacity. */
export interface Workload {
  readonly name: string;
  readonly seconds: number;
  /** How much arrives in each second. */
  readonly load: (second: number) => number;
}

export interface SimulationOptions {
  readonly order: OrderPolicy;
  readonly workload: Workload;
  /** Tasks that are worked on at once; each takes 1 s on average. */
  readonly slots: number;
  readonly deadlineSeconds: number;
  readonly seed: number;
}

export interface SimulationResult {
  readonly arrived: number;
  /** Share of all arrivals that were finished inside their deadline. */
  readonly inTime: number;
  readonly shed: number;
  /** How long those that were worked on had waited, s: median, 99th percentile and the most. */
  readonly waits: { readonly p50: number; readonly p99: number; readonly max: number };
}

const SERVICE_MS = 1_000;
const SWEEP_MS = 15_000;

interface Event {
  readonly at: number;
  readonly happen: () => Promise<void>;
}

/**
 * Lets the tasks use cases, with the memory store, serve a workload in simulated time until nothing is left of it:
 * Poisson arrivals, exponential service times, the sweep every 15 s.
 */
export async function simulateOrder(options: SimulationOptions): Promise<SimulationResult> {
  const { order, workload, slots, deadlineSeconds, seed } = options;
  const random = seededRandom(seed);
  const clock = new FakeClock(0);
  let serial = 0;
  const next = () => String(++serial).padStart(12, '0');
  const ids = { next, secret: next };
  const { tasks, queues, enqueueTask, claimTasks, taskLeases, sweepTasks } = tasksWorld({ clock, ids, random });
  await putQueue(queues, queueSettings('q', { order, deadlineSeconds, leaseSeconds: 43_200, maxPending: 10_000_000 }));

  const exponential = (mean: number): number => -mean * Math.log(1 - random.next());
  const events = new EventQueue();
  const waits: number[] = [];
  let busy = 0;
  let inTime = 0;

  const begin = (task: Task): void => {
    const now = clock.now();
    busy++;
    waits.push((now - task.createdAt) / 1000);
    events.add(now + exponential(SERVICE_MS), async () => {
      const finished = await taskLeases.complete(task.taskId, task.fence as string, undefined);
      if ((finished.finishedAt as number) <= finished.expiresAt) inTime++;
      busy--;
    });
  };
  const arrivals = arrivalTimes(workload, slots / (SERVICE_MS / 1000), exponential);
  for (const at of arrivals) events.add(at, async () => void (await enqueueTask.execute('q', { payload: null })));
  for (let at = SWEEP_MS; at < (workload.seconds + 2 * deadlineSeconds) * 1000; at += SWEEP_MS)
    events.add(at, () => sweepTasks.execute());

  for (let event = events.next(); event; event = events.next()) {
    clock.advance(event.at - clock.now());
    await event.happen();
    if (busy === slots) continue;
    const [claimed = []] = await claimTasks.execute('q', [{ max: slots - busy }]);
    for (const task of claimed) begin(task);
  }

  waits.sort((one, other) => one - other);
  const waitAt = (share: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
  const { counters } = await tasks.stats('q', clock.now());
  return {
    arrived: arrivals.length,
    inTime: inTime / arrivals.length,
    shed: counters.shed / arrivals.length,
    waits: { p50: waitAt(0.5), p99: waitAt(0.99), max: waitAt(1) },
  };
}

/** Times of arrival, ms, of a Poisson process whose rate changes from second to second. */
function arrivalTimes({ seconds, load }: Workload, perSecond: number, exponential: (mean: number) => number): number[] {
  const times: number[] = [];
  let work = exponential(1);
  for (let second = 0; second < seconds; second++) {
    const expected = load(second) * perSecond;
    while (work < expected) {
      times.push((second + work / expected) * 1000);
      work += exponential(1);
    }
    work -= expected;
  }
  return times;
}

/** Events by their time (a binary heap). */
class EventQueue {
  private readonly heap: Event[] = [];

  add(at: number, happen: () => Promise<void>): void {
    const { heap } = this;
    let index = heap.push({ at, happen }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((heap[parent] as Event).at <= at) break;
      this.swap(index, parent);
      index = parent;
    }
  }

  next(): Event | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return first;
    heap[0] = last;
    for (let index = 0; ; ) {
      const children = [2 * index + 1, 2 * index + 2].filter((child) => child < heap.length);
      const least = children.sort((one, other) => (heap[one] as Event).at - (heap[other] as Event).at)[0];
      if (least === undefined || (heap[least] as Event).at >= last.at) return first;
      this.swap(index, least);
      index = least;
    }
  }

  private swap(one: number, other: number): void {
    const { heap } = this;
    [heap[one], heap[other]] = [heap[other] as Event, heap[one] as Event];
  }
}

const bursts = (base: number) => (second: number) => (second % 60 < 5 ? 3 : base);

/**
 * Twice the capacity, and bursts of three times the capacity for 5 s in each minute over different base loads. What is
 * too much on average runs long enough to show it: just before its backlog outgrows the deadline for the first time, the
 * oldest first has lost nothing yet, and looks better than it is.
 */
export const workloads: readonly Workload[] = [
  { name: 'steady 0.8×, 5 min', seconds: 300, load: () => 0.8 },
  { name: 'steady 0.95×, 5 min', seconds: 300, load: () => 0.95 },
  { name: 'steady 1.05×, 15 min', seconds: 900, load: () => 1.05 },
  { name: '2× for 1 min', seconds: 60, load: () => 2 },
  { name: '2× for 10 min', seconds: 600, load: () => 2 },
  { name: '3× for 5 s a min over 0.05×, 5 min', seconds: 300, load: bursts(0.05) },
  { name: '3× for 5 s a min over 0.5×, 5 min', seconds: 300, load: bursts(0.5) },
  { name: '3× for 5 s a min over 0.8×, 5 min', seconds: 300, load: bursts(0.8) },
  { name: '3× for 5 s a min over 0.95×, 15 min', seconds: 900, load: bursts(0.95) },
];
