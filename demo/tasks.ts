import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../test/helpers/fakes.ts';
import { ConstrainedService } from './constrained-service.ts';
import { ServiceError, UsageError } from './errors.ts';
import { describe, HttpClient, NoAnswerError } from './http-client.ts';
import { readOptions, serviceUrl, wholeNumber } from './options.ts';
import { grouped, showProgress } from './progress.ts';
import type { Scenario } from './scenario.ts';
import { bodyOf, firstAnswer, keyCall } from './service-api.ts';
import { type Arrival, type Phase, planArrivals } from './tasks-workload.ts';

const ORDERS = ['lifo', 'fifo', 'adaptive'] as const;
type Order = (typeof ORDERS)[number];

const TIMEOUT_MS = 10_000;
const CONNECTIONS = 100;
const LOOK_INTERVAL_MS = 500;

const usage = `Usage: npm run demo -- tasks [options]

Starts three slow HTTP services with few slots, has a queue of each order (lifo, fifo, adaptive) drain into one of them,
and sends all three the same tasks: few, then a burst over capacity, then few again. Shows how many were answered inside
their deadline. Ends with 0 only if no task is missing.

  --url URL            the service (http://127.0.0.1:8080)
  --key KEY            an API key of the service (environment: API_KEY)
  --capacity N         tasks a second that each slow service can do (40)
  --slots N            tasks that it does at once (8)
  --deadline SECONDS   after so long an answer is of no use (5)
  --base PERCENT       what arrives before and after the burst, of the capacity (50)
  --burst PERCENT      what arrives in the burst, of the capacity (300)
  --before SECONDS     how long it is quiet before the burst (5)
  --during SECONDS     how long the burst lasts (10)
  --after SECONDS      how long it is quiet after the burst (15)
  --wait SECONDS       how long tasks may be left over after that (30)
  --listen ADDRESS     where the slow services listen; the service must reach them there (127.0.0.1)
  --seed N             another number makes the tasks arrive at other times (1)
  --help               this text

Each run has queues of its own. While it goes on, look at them in the dashboard.`;

type Options = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  const given = readOptions(args, {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    key: { type: 'string' },
    capacity: { type: 'string', default: '40' },
    slots: { type: 'string', default: '8' },
    deadline: { type: 'string', default: '5' },
    base: { type: 'string', default: '50' },
    burst: { type: 'string', default: '300' },
    before: { type: 'string', default: '5' },
    during: { type: 'string', default: '10' },
    after: { type: 'string', default: '15' },
    wait: { type: 'string', default: '30' },
    listen: { type: 'string', default: '127.0.0.1' },
    seed: { type: 'string', default: '1' },
  });
  const key = given.key ?? process.env.API_KEY;
  if (!key) throw new UsageError('Queues need an API key: --key, or API_KEY in the environment.');
  const capacity = wholeNumber('capacity', given.capacity, 1, 1_000);
  const rate = (name: 'base' | 'burst'): number => (capacity * wholeNumber(name, given[name], 0, 10_000)) / 100;
  const seconds = (name: 'before' | 'during' | 'after' | 'wait'): number => wholeNumber(name, given[name], 0, 3_600);
  const phases: readonly Phase[] = [
    { name: 'before', seconds: seconds('before'), rate: rate('base') },
    { name: 'during', seconds: seconds('during'), rate: rate('burst') },
    { name: 'after', seconds: seconds('after'), rate: rate('base') },
  ];
  return {
    url: serviceUrl('url', given.url),
    key,
    capacity,
    slots: wholeNumber('slots', given.slots, 1, 100),
    deadlineSeconds: wholeNumber('deadline', given.deadline, 1, 3_600),
    phases,
    waitMs: seconds('wait') * 1000,
    host: given.listen,
    seed: wholeNumber('seed', given.seed, 0, 2 ** 32 - 1),
  };
}

export const tasks: Scenario = {
  summary: 'a burst over capacity, and what the order of a queue does to answers in time',
  usage,
  run: async (args) => {
    const options = parse(args);
    const client = new HttpClient(options.url, { connections: CONNECTIONS, timeoutMs: TIMEOUT_MS });
    const runs: OrderRun[] = [];
    try {
      return await compareOrders(options, client, runs);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      throw new ServiceError(`The service stopped answering (${error.message}).`);
    } finally {
      await Promise.all(runs.map((run) => run.end()));
      client.close();
    }
  },
};

/** What travels with a task and comes back with its answer. */
interface Payload {
  readonly phase: string;
  /** Epoch ms. */
  readonly sentAt: number;
}

/** The part of a queue's body that a run looks at. */
interface Queue {
  readonly effectiveOrder: 'lifo' | 'fifo';
  readonly pending: number;
  readonly taken: number;
  readonly counters: {
    readonly enqueued: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly shed: number;
  };
}

/** One queue with the slow service into which it drains, and what became of the tasks that were sent to it. */
class OrderRun {
  readonly queue: string;
  /** Tasks that the service took, by phase. */
  readonly sent = new Map<string, number>();
  /** Of them, those that were answered inside their deadline, by phase. */
  readonly inTime = new Map<string, number>();
  /** How long each answered task took since it was sent, ms. */
  readonly waits: number[] = [];
  state: Queue | undefined;

  private constructor(
    readonly order: Order,
    name: string,
    private readonly options: Options,
    private readonly client: HttpClient,
    private readonly slow: ConstrainedService,
  ) {
    this.queue = `demo-${name}-${order}`;
  }

  /** @throws ServiceError */
  static async start(order: Order, name: string, options: Options, client: HttpClient): Promise<OrderRun> {
    const { host, slots, capacity, seed } = options;
    const slow = await ConstrainedService.start({
      host,
      slots,
      workMs: (slots / capacity) * 1000,
      random: seededRandom(seed),
      onAnswered: (payload) => run.answered(payload as Payload),
    }).catch((error: Error) => {
      throw new UsageError(`Nothing can listen at --listen ${host}: ${error.message}.`);
    });
    const run = new OrderRun(order, name, options, client, slow);
    return run;
  }

  /** Makes the queue. @throws ServiceError */
  async begin(): Promise<void> {
    const { url, slots } = { url: this.slow.url, slots: this.options.slots };
    const call = this.settings({ url, timeoutMs: TIMEOUT_MS, concurrency: slots });
    bodyOf(await firstAnswer(this.client, this.options.url, 'tasks', call));
  }

  /** Leaves a queue that nobody drains, since there is nothing any more that could be called. */
  async end(): Promise<void> {
    await this.client.sendOnce(this.settings()).catch(() => undefined);
    this.slow.stop();
  }

  /** Sends the task. @throws ServiceError, NoAnswerError */
  async enqueue(index: number, { phase }: Arrival): Promise<void> {
    const payload: Payload = { phase, sentAt: Date.now() };
    const call = keyCall('POST', `/queues/${this.queue}/tasks`, this.options.key, { payload });
    const headers = { ...call.headers, 'idempotency-key': `${this.queue}-${index}` };
    const answer = await this.client.send({ ...call, headers });
    if (answer.status !== 201) throw new ServiceError(`A task was answered with ${describe(answer)}`);
    add(this.sent, phase);
  }

  /** @throws ServiceError, NoAnswerError */
  async look(): Promise<Queue> {
    const answer = await this.client.send(keyCall('GET', `/queues/${this.queue}`, this.options.key));
    this.state = bodyOf<Queue>(answer);
    return this.state;
  }

  /** Whether every task that was sent has come to an end. */
  get isComplete(): boolean {
    return this.state !== undefined && this.state.pending + this.state.taken === 0 && this.missing === 0;
  }

  /** Tasks of which nobody knows what became of them; below 0, tasks of which too much is told. */
  get missing(): number {
    const { failed, shed } = this.state?.counters ?? { failed: 0, shed: 0 };
    return total(this.sent) - this.waits.length - shed - failed;
  }

  private answered({ phase, sentAt }: Payload): void {
    const waitedMs = Date.now() - sentAt;
    this.waits.push(waitedMs);
    if (waitedMs <= this.options.deadlineSeconds * 1000) add(this.inTime, phase);
  }

  private settings(runner?: object) {
    const { key, deadlineSeconds } = this.options;
    return keyCall('PUT', `/queues/${this.queue}`, key, { order: this.order, deadlineSeconds, runner });
  }
}

const add = (counts: Map<string, number>, name: string): Map<string, number> =>
  counts.set(name, (counts.get(name) ?? 0) + 1);
const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);
const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${((part / whole) * 100).toFixed(1)} %`);

/** @returns the exit code */
async function compareOrders(options: Options, client: HttpClient, runs: OrderRun[]): Promise<number> {
  const name = randomBytes(4).toString('hex');
  for (const order of ORDERS) {
    const run = await OrderRun.start(order, name, options, client);
    runs.push(run);
    await run.begin();
  }
  const arrivals = planArrivals(options.phases, seededRandom(options.seed));
  console.log(introduction(options, arrivals, runs));

  const begin = performance.now();
  const watching = new AbortController();
  const endProgress = showProgress(() => progress(options, (performance.now() - begin) / 1000, runs));
  try {
    const watched = watch(runs, watching.signal);
    await Promise.race([sendAll(arrivals, runs), watched]);
    await settle(runs, options.waitMs);
    watching.abort();
    await watched;
  } finally {
    watching.abort();
    endProgress();
  }
  return report(options, runs);
}

/** Sends every task to every queue at its time, whatever becomes of those before it. */
async function sendAll(arrivals: readonly Arrival[], runs: readonly OrderRun[]): Promise<void> {
  const begin = performance.now();
  const underWay: Promise<void>[] = [];
  const failures: unknown[] = [];
  for (const [index, arrival] of arrivals.entries()) {
    const pause = begin + arrival.at - performance.now();
    if (pause > 0) await delay(pause);
    for (const run of runs) underWay.push(run.enqueue(index, arrival).catch((error) => void failures.push(error)));
    if (failures.length > 0) break;
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
}

/** Keeps the states of the queues up to date until the signal ends. */
async function watch(runs: readonly OrderRun[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.all(runs.map((run) => run.look()));
    await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Waits until nothing is left in the queues: what is too late is shed by the next sweep. */
async function settle(runs: readonly OrderRun[], waitMs: number): Promise<void> {
  const end = performance.now() + waitMs;
  while (performance.now() < end && !runs.every((run) => run.isComplete)) await delay(LOOK_INTERVAL_MS);
}

function introduction(
  { url, capacity, slots, deadlineSeconds, phases }: Options,
  arrivals: readonly Arrival[],
  runs: readonly OrderRun[],
): string {
  const parts = phases.map(({ name, seconds, rate }) => `${seconds} s ${name} the burst at ${grouped(rate)} a second`);
  return [
    `${grouped(arrivals.length)} tasks for each of three queues at ${url.origin}, with a deadline of ${deadlineSeconds} s`,
    `  ${parts.join(', ')}`,
    `  each queue drains into a service of its own that does ${slots} at once, some ${grouped(capacity)} a second`,
    ...runs.map(({ queue }) => `  ${new URL(`./#/tasks/${queue}`, url.href.replace(/\/?$/, '/'))}`),
  ].join('\n');
}

function progress({ phases }: Options, seconds: number, runs: readonly OrderRun[]): string {
  let left = seconds;
  const phase = phases.find((candidate) => {
    left -= candidate.seconds;
    return left < 0;
  });
  const parts = runs.map((run) => {
    const { pending = 0, effectiveOrder } = run.state ?? {};
    const now = run.order === 'adaptive' && effectiveOrder ? ` (now ${effectiveOrder})` : '';
    return `${run.order}${now} ${grouped(pending)} waiting, ${grouped(total(run.inTime))} in time`;
  });
  return `${seconds.toFixed(0).padStart(3)} s ${(phase?.name ?? 'end').padEnd(6)}  ${parts.join('  |  ')}`;
}

/** Prints what became of the tasks, order by order. @returns the exit code */
function report({ phases, deadlineSeconds }: Options, runs: readonly OrderRun[]): number {
  const line = (name: string, cell: (run: OrderRun) => number | string, note = ''): string =>
    `${name.padEnd(16)}${runs
      .map(cell)
      .map((value) => (typeof value === 'number' ? grouped(value) : value).padStart(12))
      .join('')}${note && `  ${note}`}`;
  const waitAt =
    (share: number) =>
    ({ waits }: OrderRun): string => {
      const sorted = waits.toSorted((one, other) => one - other);
      const ms = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
      return ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`;
    };
  const missing = runs.reduce((sum, run) => sum + Math.abs(run.missing), 0);
  const late = (run: OrderRun): number => run.waits.length - total(run.inTime);
  console.log(`
${line('', ({ order }) => order)}
${line('enqueued', ({ sent }) => total(sent))}
${line('in time', ({ inTime }) => total(inTime), `answered within ${deadlineSeconds} s`)}
${line('late', late, 'answered when it was of no use any more')}
${line('shed', ({ state }) => state?.counters.shed ?? 0, 'not run, since it was too late')}
${line('failed', ({ state }) => state?.counters.failed ?? 0)}
${line('missing', (run) => run.missing)}

${line('share in time', ({ sent, inTime }) => percent(total(inTime), total(sent)))}
${phases.map(({ name }) => line(`  ${name}`, ({ sent, inTime }) => percent(inTime.get(name) ?? 0, sent.get(name) ?? 0), `sent ${name} the burst`)).join('\n')}
${line('answered after', waitAt(0.5), 'median')}
${line('', waitAt(0.99), '99th percentile')}`);
  if (missing === 0) return 0;
  console.log(
    '\nTasks are missing, or more is told of them than was sent. Something is wrong, or --wait is too short.',
  );
  return 1;
}
