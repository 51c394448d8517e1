import type { Logger } from 'pino';
import { within } from '../../adapters/common/deadline.ts';
import { pause } from '../../adapters/common/pause.ts';
import { DomainError } from '../../domain/shared/domain-error.ts';
import type { ClaimTasks } from '../../domain/tasks/claim-tasks.ts';
import type { GuardRunner } from '../../domain/tasks/guard-runner.ts';
import type { Breaker, Queue, RunnerSettings } from '../../domain/tasks/queue.ts';
import type { RunTask } from '../../domain/tasks/run-task.ts';
import type { Task } from '../../domain/tasks/task.ts';
import type { TaskLeases } from '../../domain/tasks/task-leases.ts';
import type { Clock, Meter } from '../../ports/system.ts';
import type { QueueStore, RunOutcome, TaskStore } from '../../ports/tasks.ts';
import { AsyncEvent } from './async-event.ts';
import { TokenBucket } from './token-bucket.ts';

export interface QueueWorkerParts {
  readonly queues: Pick<QueueStore, 'get'>;
  readonly tasks: Pick<TaskStore, 'nextDueAt'>;
  readonly claimTasks: ClaimTasks;
  readonly runTask: RunTask;
  readonly guardRunner: GuardRunner;
  readonly taskLeases: TaskLeases;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Given where the process has a limited lifetime, as a function has. */
  readonly callTime?: CallTime;
}

/** How long calls may take in a process with a limited lifetime. */
export interface CallTime {
  /** Time left for a call that starts now, ms. */
  readonly leftMs: () => number;
  /** Time that every call is given, ms: a longer call starts only while there is more, or is truncated. */
  readonly sureMs: number;
}

/** Whether there is time for a call that starts now. */
export const mayBegin = ({ timeoutMs }: RunnerSettings, { leftMs, sureMs }: CallTime): boolean =>
  leftMs() >= Math.min(timeoutMs, sureMs);

/** How often a worker polls when it cannot tell when the next task is due. */
const POLL_INTERVAL_MS = 1_000;
/** The longest wait between two polls. */
const MAX_REST_MS = 3_600_000;
const HEARTBEATS_PER_LEASE = 3;
const FIRST_PAUSE_MS = 500;
/** Short enough that queues do not fill up after the store has recovered. */
const MAX_PAUSE_MS = 5_000;
/** Grace for releasing the leases of cancelled calls. */
const RECORD_GRACE_MS = 2_000;

const LOST = new Set(['TASKS_LEASE_LOST', 'TASKS_NOT_FOUND']);

/** A queue whose runner's timeout is capped to the time that is left. */
type ServedQueue = Queue & { readonly runner: RunnerSettings };

/** Drains one queue into its runner. Acquires a slot and a rate token before it claims a task. */
export class QueueWorker {
  private readonly woken = new AsyncEvent();
  /** Running calls, by their abort controllers. */
  private readonly calls = new Map<AbortController, Promise<void>>();
  /** Aborted: claim nothing more. */
  private readonly stopping = new AbortController();
  /** Aborted: stop trying to record outcomes. */
  private readonly abandoning = new AbortController();
  private bucket: { readonly rate: number; readonly tokens: TokenBucket } | undefined;
  private working: Promise<void> | undefined;
  /** As last read, or changed by this worker. */
  private breaker: Breaker | undefined;
  /** The last query returned fewer tasks than there were slots, so a freed slot is no reason for another. */
  private isDrained = false;
  /** The worker has polled a second time since it was woken. */
  private hasPolledAgain = false;
  private isClaiming = false;
  /** Calls that may run at once, as last read. */
  private slots = 1;

  constructor(
    private readonly queue: string,
    private readonly parts: QueueWorkerParts,
  ) {}

  /** Resolves when the worker is idle until it is notified, and no call is running, or after {@link stop}. */
  start(): Promise<void> {
    this.working = this.work();
    return this.working;
  }

  /** Whether calls are running or about to start. */
  get isBusy(): boolean {
    return this.isClaiming || this.calls.size > 0;
  }

  /** The part of its slots with a call under way, 0 to 1, at the last count of them. */
  get use(): number {
    return Math.min(1, this.calls.size / this.slots);
  }

  /** The queue may hold a claimable task in `inMs`. */
  wake(inMs: number): void {
    this.woken.set(inMs);
  }

  /** Whether it was woken, for now or for later, since its last poll. */
  get isWoken(): boolean {
    return this.woken.isSet;
  }

  /**
   * Claims nothing more, waits for running calls, then cancels them and releases their leases. A lease that the store does
   * not release in time expires.
   *
   * @param graceMs how long calls may continue, from now, including those of a claim in progress
   */
  async stop(graceMs: number): Promise<void> {
    this.stopping.abort();
    this.woken.set();
    const ended = Promise.resolve(this.working).then(() => Promise.all(this.calls.values()));
    if ((await within(graceMs, ended)) !== 'late') return;
    for (const cancel of this.calls.keys()) cancel.abort();
    if ((await within(RECORD_GRACE_MS, ended)) !== 'late') return;
    this.abandoning.abort();
    await ended;
  }

  private async work(): Promise<void> {
    let failures = 0;
    while (!this.stopping.signal.aborted) {
      try {
        const waitMs = await this.fillSlots();
        if (waitMs === undefined) return;
        failures = 0;
        if (waitMs > 0 && (await this.woken.wait(waitMs))) this.hasPolledAgain = false;
      } catch (error) {
        const pauseMs = backoffMs(failures++);
        this.parts.logger.error({ err: error, queue: this.queue, pauseMs }, 'claim failed; retrying');
        await pause(pauseMs, this.stopping.signal);
      }
    }
  }

  /** @returns how long to wait unless woken, ms; undefined when the worker can end */
  private async fillSlots(): Promise<number | undefined> {
    const queue = await this.parts.queues.get(this.queue);
    this.breaker = queue?.breaker;
    if (!queue?.runner || queue.paused) return this.calls.size > 0 ? POLL_INTERVAL_MS : undefined;
    const runner = this.cappedRunner(queue.runner);
    if (!runner) return POLL_INTERVAL_MS;
    const waitMs = this.parts.guardRunner.pauseMs(queue);
    if (waitMs > 0) return Math.min(waitMs, POLL_INTERVAL_MS);
    this.slots = runner.concurrency;
    const slots = Math.min(runner.concurrency - this.calls.size, queue.breaker ? 1 : runner.concurrency);
    const permits = Math.min(slots, this.takeTokens(slots, runner));
    if (permits <= 0) return slots > 0 ? this.untilToken() : POLL_INTERVAL_MS;

    let claimed = 0;
    this.isClaiming = true;
    try {
      const served = { ...queue, runner };
      claimed = await (queue.breaker ? this.probe(served, queue.breaker) : this.claim(served, permits));
    } finally {
      this.isClaiming = false;
      this.bucket?.tokens.giveBack(permits - claimed);
    }
    this.isDrained = claimed < permits;
    return this.isDrained ? this.untilNextTask() : 0;
  }

  /**
   * Waits for the end of a delay or a lease, of which there is no notification. The index lags, so a worker that was woken
   * polls twice.
   *
   * @returns ms; undefined when there is nothing to wait for
   */
  private async untilNextTask(): Promise<number | undefined> {
    const now = this.parts.clock.now();
    const dueAt = await this.parts.tasks.nextDueAt(this.queue, now);
    if (dueAt === undefined && this.hasPolledAgain && this.calls.size === 0) return undefined;
    const waitMs = dueAt !== undefined && dueAt > now ? dueAt - now : POLL_INTERVAL_MS;
    if (this.hasPolledAgain || waitMs < POLL_INTERVAL_MS) return Math.min(waitMs, MAX_REST_MS);
    this.hasPolledAgain = true;
    return POLL_INTERVAL_MS;
  }

  /** Claims tasks and starts their calls. @returns how many */
  private async claim(queue: ServedQueue, max: number, probe?: Breaker): Promise<number> {
    const { leaseSeconds } = queue;
    const [claimed = []] = await this.parts.claimTasks.execute(this.queue, [{ max, leaseSeconds }]);
    for (const task of claimed) this.begin(task, queue, probe);
    return claimed.length;
  }

  /** Probes a service that may be back, unless another process does. @returns how many calls were started */
  private async probe(queue: ServedQueue, breaker: Breaker): Promise<number> {
    const probe = await this.parts.guardRunner.acquireProbe(this.queue, breaker, queue.runner.timeoutMs);
    if (!probe) return 0;
    this.breaker = probe;
    const begun = await this.claim(queue, 1, probe);
    if (begun === 0) await this.parts.guardRunner.failProbe(this.queue, probe);
    return begun;
  }

  /** The runner with its timeout capped to the time left; undefined while that is too short for a call. */
  private cappedRunner(runner: RunnerSettings): RunnerSettings | undefined {
    const { callTime } = this.parts;
    if (!callTime) return runner;
    return mayBegin(runner, callTime)
      ? { ...runner, timeoutMs: Math.min(runner.timeoutMs, callTime.leftMs()) }
      : undefined;
  }

  private takeTokens(wanted: number, { ratePerSecond }: RunnerSettings): number {
    if (ratePerSecond === undefined) {
      this.bucket = undefined;
      return wanted;
    }
    const now = performance.now();
    if (this.bucket?.rate !== ratePerSecond)
      this.bucket = { rate: ratePerSecond, tokens: new TokenBucket(ratePerSecond, now) };
    return this.bucket.tokens.take(Math.max(0, wanted), now);
  }

  /** @returns how long to wait for a rate token, ms; bounded, so that new settings are noticed */
  private untilToken(): number {
    return Math.min(this.bucket?.tokens.waitMs(performance.now()) ?? 0, POLL_INTERVAL_MS);
  }

  private begin(task: Task, queue: ServedQueue, probe: Breaker | undefined): void {
    const cancel = new AbortController();
    if (this.stopping.signal.aborted) cancel.abort();
    const call = this.handle(task, queue, probe, cancel).finally(() => {
      this.calls.delete(cancel);
      if (!this.isDrained || this.calls.size === 0) this.woken.set();
    });
    this.calls.set(cancel, call);
  }

  /** Runs a task and records its outcome, with heartbeats until that is stored. Never rejects. */
  private async handle(
    task: Task,
    { runner, leaseSeconds }: ServedQueue,
    probe: Breaker | undefined,
    cancel: AbortController,
  ): Promise<void> {
    const heartbeats = setInterval(
      () => void this.heartbeat(task, leaseSeconds, cancel),
      (leaseSeconds * 1000) / HEARTBEATS_PER_LEASE,
    );
    const begin = performance.now();
    const isCalled = !cancel.signal.aborted;
    try {
      const outcome = await this.parts.runTask.run(task, runner, cancel.signal);
      const ms = Math.round(performance.now() - begin);
      // Before the lease is released: the task must not be claimed at once for another call to a service that is down.
      await this.guard(outcome, probe);
      if (!(await this.record(task, outcome))) return;
      this.parts.logger.debug({ ...this.nameOf(task), outcome: outcome.kind, ms }, 'runner called');
      if (isCalled && outcome.kind === 'cancelled') this.reportCut(task, ms);
    } catch (error) {
      this.parts.logger.error({ err: error, ...this.nameOf(task) }, 'outcome lost; the task will be retried');
    } finally {
      clearInterval(heartbeats);
    }
  }

  /** Opens or closes the breaker after a call. */
  private async guard(outcome: RunOutcome, probe: Breaker | undefined): Promise<void> {
    const { guardRunner, logger } = this.parts;
    const before = probe ?? this.breaker;
    try {
      const after = await guardRunner.recordOutcome(
        { queue: this.queue, breaker: before },
        outcome,
        probe !== undefined,
      );
      if (after !== before) this.breaker = after;
      if (!before && after) logger.warn({ queue: this.queue }, 'breaker opened: the service of the queue is down');
      if (before && !after) {
        logger.info({ queue: this.queue }, 'breaker closed: the service of the queue is back');
        this.woken.set();
      }
    } catch (error) {
      logger.warn({ err: error, queue: this.queue }, 'breaker not updated; the next call will try again');
    }
  }

  private reportCut(task: Task, ms: number): void {
    this.parts.meter.record('TaskCallsCut', 1, 'Count');
    this.parts.logger.warn({ ...this.nameOf(task), ms }, 'runner call cut short by the stop; the task will be retried');
  }

  /** @param leaseSeconds as claimed: the interval of heartbeats follows them, even if the queue's setting has changed */
  private async heartbeat(task: Task, leaseSeconds: number, cancel: AbortController): Promise<void> {
    try {
      await this.parts.taskLeases.extend(task.taskId, task.fence ?? '', leaseSeconds);
    } catch (error) {
      if (isLost(error)) cancel.abort();
      else
        this.parts.logger.warn({ err: error, ...this.nameOf(task) }, 'heartbeat failed; the next one will try again');
    }
  }

  /**
   * Ends the lease, with retries until the store answers. The slot stays taken meanwhile, so that a failing store is not
   * asked for further tasks.
   *
   * @returns false if the lease was lost
   * @throws any error that a retry cannot help, and `STORE_UNAVAILABLE` once the worker gives up
   */
  private async record(task: Task, outcome: RunOutcome): Promise<boolean> {
    for (let failures = 0; ; failures++) {
      try {
        const { status, error } = await this.parts.runTask.record(task, outcome);
        if (status === 'FAILURE') this.parts.logger.warn({ ...this.nameOf(task), error }, 'task failed permanently');
        return true;
      } catch (error) {
        if (isLost(error)) {
          this.parts.logger.warn({ ...this.nameOf(task), outcome: outcome.kind }, 'lease lost');
          return false;
        }
        const isRetryable = error instanceof DomainError && error.code === 'STORE_UNAVAILABLE';
        if (!isRetryable || this.abandoning.signal.aborted) throw error;
        await pause(backoffMs(failures), this.abandoning.signal);
      }
    }
  }

  private nameOf({ taskId, attempt }: Task) {
    return { queue: this.queue, taskId, attempt };
  }
}

const isLost = (error: unknown): boolean => error instanceof DomainError && LOST.has(error.code);

/** Exponential, with jitter so that the processes of a fleet do not retry in step. */
const backoffMs = (failures: number): number =>
  Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + Math.random() / 2);
