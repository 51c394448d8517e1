import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DomainError } from '../../domain/shared/domain-error.ts';
import type { ClaimTasks } from '../../domain/tasks/claim-tasks.ts';
import type { ExtendLease } from '../../domain/tasks/extend-lease.ts';
import type { GuardRunner } from '../../domain/tasks/guard-runner.ts';
import type { Breaker, Queue, RunnerSettings } from '../../domain/tasks/queue.ts';
import type { RunTask } from '../../domain/tasks/run-task.ts';
import type { Task } from '../../domain/tasks/task.ts';
import { TokenBucket } from '../../domain/tasks/token-bucket.ts';
import type { Clock, Meter } from '../../ports/system.ts';
import type { QueueStore, RunOutcome, TaskStore } from '../../ports/tasks.ts';
import { within } from '../deadline.ts';
import { Bell } from './bell.ts';

export interface QueueWorkerParts {
  readonly queues: Pick<QueueStore, 'get'>;
  readonly tasks: Pick<TaskStore, 'nextDueAt'>;
  readonly claimTasks: ClaimTasks;
  readonly runTask: RunTask;
  readonly guardRunner: GuardRunner;
  readonly extendLease: ExtendLease;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Given where the process itself has an end. */
  readonly callTime?: CallTime;
}

/** How long calls may take in a process that does not live for ever. */
export interface CallTime {
  /** What a call may take that begins now, ms. */
  readonly leftMs: () => number;
  /** What every call may take, ms: one that may need more begins while there is more, or is cut short. */
  readonly sureMs: number;
}

/** Whether there is time for a call that begins now. */
export const mayBegin = ({ timeoutMs }: RunnerSettings, { leftMs, sureMs }: CallTime): boolean =>
  leftMs() >= Math.min(timeoutMs, sureMs);

/** How long a worker rests that does not know what to wait for. */
const LOOK_INTERVAL_MS = 1_000;
/** No timer is set for longer. */
const MAX_REST_MS = 3_600_000;
/** A holder says that it lives so many times in the time of a lease. */
const HEARTBEATS_PER_LEASE = 3;
const FIRST_PAUSE_MS = 500;
/** Not so long that a queue fills up after the store is back. */
const MAX_PAUSE_MS = 5_000;
/** How long the store has to take back the tasks of calls that were cut short. */
const RECORD_GRACE_MS = 2_000;

const LOST = new Set(['TASKS_LEASE_LOST', 'TASKS_NOT_FOUND']);

/** A queue whose runner has the time that its calls may take now. */
type ServedQueue = Queue & { readonly runner: RunnerSettings };

/** Drains one queue into its runner. A slot and a rate token are held before a task is claimed. */
export class QueueWorker {
  private readonly bell = new Bell();
  /** The calls under way, by what cancels them. */
  private readonly calls = new Map<AbortController, Promise<void>>();
  /** No more claims. */
  private readonly stopping = new AbortController();
  /** No more attempts to say what became of a task. */
  private readonly abandoning = new AbortController();
  private bucket: { readonly rate: number; readonly tokens: TokenBucket } | undefined;
  private working: Promise<void> | undefined;
  /** As it was last read, or changed from here. */
  private breaker: Breaker | undefined;
  /** The last look brought fewer tasks than there were slots: one more free slot is no reason to look again. */
  private isDrained = false;
  /** There was a second look since it was woken. */
  private hasLookedAgain = false;
  private isClaiming = false;

  constructor(
    private readonly queue: string,
    private readonly parts: QueueWorkerParts,
  ) {}

  /** Resolves when there is nothing to do until somebody says so and no call is under way, or after {@link stop}. */
  start(): Promise<void> {
    this.working = this.work();
    return this.working;
  }

  /** Whether calls are under way, or about to be. */
  get isBusy(): boolean {
    return this.isClaiming || this.calls.size > 0;
  }

  /** There will be something to claim, perhaps. */
  wake(inMs: number): void {
    this.bell.ring(inMs);
  }

  /** Whether it was woken, for now or for later, since it looked last. */
  get isWoken(): boolean {
    return this.bell.isSet;
  }

  /**
   * Claims nothing more, lets calls end for a while, then cancels them and gives their tasks back. What the store does
   * not take in time comes back when its lease runs out.
   *
   * @param graceMs how long calls may go on, from now; a claim that is under way counts as one
   */
  async stop(graceMs: number): Promise<void> {
    this.stopping.abort();
    this.bell.ring();
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
        const restMs = await this.fillSlots();
        if (restMs === undefined) return;
        failures = 0;
        if (restMs > 0 && (await this.bell.wait(restMs))) this.hasLookedAgain = false;
      } catch (error) {
        const pauseMs = backoffMs(failures++);
        this.parts.logger.error({ err: error, queue: this.queue, pauseMs }, 'claiming failed; it is tried again');
        await pause(pauseMs, this.stopping.signal);
      }
    }
  }

  /** @returns how long there is nothing to do unless something happens, ms; undefined when there never will be */
  private async fillSlots(): Promise<number | undefined> {
    const queue = await this.parts.queues.get(this.queue);
    this.breaker = queue?.breaker;
    if (!queue?.runner || queue.paused) return this.calls.size > 0 ? LOOK_INTERVAL_MS : undefined;
    const runner = this.inTime(queue.runner);
    if (!runner) return LOOK_INTERVAL_MS;
    const restMs = this.parts.guardRunner.restMs(queue);
    if (restMs > 0) return Math.min(restMs, LOOK_INTERVAL_MS);
    const slots = Math.min(runner.concurrency - this.calls.size, queue.breaker ? 1 : runner.concurrency);
    const permits = Math.min(slots, this.takeTokens(slots, runner));
    if (permits <= 0) return slots > 0 ? this.untilToken() : LOOK_INTERVAL_MS;

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
   * Until a delay or a lease is over, which nobody will tell. The store may take a moment to show a new task, so a worker
   * that was woken looks twice.
   *
   * @returns ms; undefined when there is nothing to wait for
   */
  private async untilNextTask(): Promise<number | undefined> {
    const now = this.parts.clock.now();
    const dueAt = await this.parts.tasks.nextDueAt(this.queue, now);
    if (dueAt === undefined && this.hasLookedAgain && this.calls.size === 0) return undefined;
    const restMs = dueAt !== undefined && dueAt > now ? dueAt - now : LOOK_INTERVAL_MS;
    if (this.hasLookedAgain || restMs < LOOK_INTERVAL_MS) return Math.min(restMs, MAX_REST_MS);
    this.hasLookedAgain = true;
    return LOOK_INTERVAL_MS;
  }

  /** Begins calls of so many tasks at most. @returns how many */
  private async claim(queue: ServedQueue, max: number, probe?: Breaker): Promise<number> {
    const { leaseSeconds } = queue;
    const [claimed = []] = await this.parts.claimTasks.execute(this.queue, [{ max, leaseSeconds }]);
    for (const task of claimed) this.begin(task, queue, probe);
    return claimed.length;
  }

  /** Calls a service that may be back, unless another process does. @returns how many calls were begun */
  private async probe(queue: ServedQueue, breaker: Breaker): Promise<number> {
    const probe = await this.parts.guardRunner.holdProbe(this.queue, breaker, queue.runner.timeoutMs);
    if (!probe) return 0;
    this.breaker = probe;
    const begun = await this.claim(queue, 1, probe);
    if (begun === 0) await this.parts.guardRunner.hadNoTask(this.queue, probe);
    return begun;
  }

  /** The runner with the time that its calls may take now; none while that is too short for them. */
  private inTime(runner: RunnerSettings): RunnerSettings | undefined {
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

  /** @returns how long to rest when there is none, ms; not so long that new settings would go unnoticed */
  private untilToken(): number {
    return Math.min(this.bucket?.tokens.waitMs(performance.now()) ?? 0, LOOK_INTERVAL_MS);
  }

  private begin(task: Task, queue: ServedQueue, probe: Breaker | undefined): void {
    const cancel = new AbortController();
    if (this.stopping.signal.aborted) cancel.abort();
    const call = this.handle(task, queue, probe, cancel).finally(() => {
      this.calls.delete(cancel);
      if (!this.isDrained || this.calls.size === 0) this.bell.ring();
    });
    this.calls.set(cancel, call);
  }

  /** Has a task done and says what became of it, with heartbeats until that is stored. Never rejects. */
  private async handle(
    task: Task,
    { runner, leaseSeconds }: ServedQueue,
    probe: Breaker | undefined,
    cancel: AbortController,
  ): Promise<void> {
    const heart = setInterval(
      () => void this.beat(task, leaseSeconds, cancel),
      (leaseSeconds * 1000) / HEARTBEATS_PER_LEASE,
    );
    const begin = performance.now();
    const isCalled = !cancel.signal.aborted;
    try {
      const outcome = await this.parts.runTask.run(task, runner, cancel.signal);
      const ms = Math.round(performance.now() - begin);
      // Before the task is given back: it must not be claimed at once for another such call.
      await this.guard(outcome, probe);
      if (!(await this.record(task, outcome))) return;
      this.parts.logger.debug({ ...this.nameOf(task), outcome: outcome.kind, ms }, 'task called');
      if (isCalled && outcome.kind === 'cancelled') this.reportCut(task, ms);
    } catch (error) {
      this.parts.logger.error({ err: error, ...this.nameOf(task) }, 'the outcome is lost; the task comes back');
    } finally {
      clearInterval(heart);
    }
  }

  /** Opens or closes the breaker by what came of a call. */
  private async guard(outcome: RunOutcome, probe: Breaker | undefined): Promise<void> {
    const { guardRunner, logger } = this.parts;
    const before = probe ?? this.breaker;
    try {
      const after = await guardRunner.heard({ queue: this.queue, breaker: before }, outcome, probe !== undefined);
      if (after !== before) this.breaker = after;
      if (!before && after) logger.warn({ queue: this.queue }, 'the service of the queue is away; it is probed');
      if (before && !after) {
        logger.info({ queue: this.queue }, 'the service of the queue is back');
        this.bell.ring();
      }
    } catch (error) {
      logger.warn(
        { err: error, queue: this.queue },
        'what a call said of its service is lost; the next one may say it',
      );
    }
  }

  private reportCut(task: Task, ms: number): void {
    this.parts.meter.record('TaskCallsCut', 1, 'Count');
    this.parts.logger.warn({ ...this.nameOf(task), ms }, 'a call was cut short by the stop; its task is done again');
  }

  /** @param leaseSeconds as it was claimed for: beats come as often as these ask, whatever the queue says by now */
  private async beat(task: Task, leaseSeconds: number, cancel: AbortController): Promise<void> {
    try {
      await this.parts.extendLease.execute(task.taskId, task.fence ?? '', leaseSeconds);
    } catch (error) {
      if (isLost(error)) cancel.abort();
      else this.parts.logger.warn({ err: error, ...this.nameOf(task) }, 'a heartbeat failed; the next one may do');
    }
  }

  /**
   * Ends the lease, however long the store takes to answer. Meanwhile the slot stays taken, so that a store that fails
   * is not asked for more.
   *
   * @returns false if the lease was lost
   * @throws whatever cannot be helped by trying again, and `STORE_UNAVAILABLE` once the worker gives up
   */
  private async record(task: Task, outcome: RunOutcome): Promise<boolean> {
    for (let failures = 0; ; failures++) {
      try {
        const { status, error } = await this.parts.runTask.record(task, outcome);
        if (status === 'FAILURE') this.parts.logger.warn({ ...this.nameOf(task), error }, 'task failed for good');
        return true;
      } catch (error) {
        if (isLost(error)) {
          this.parts.logger.warn({ ...this.nameOf(task), outcome: outcome.kind }, 'the lease was lost meanwhile');
          return false;
        }
        const mayPass = error instanceof DomainError && error.code === 'STORE_UNAVAILABLE';
        if (!mayPass || this.abandoning.signal.aborted) throw error;
        await pause(backoffMs(failures), this.abandoning.signal);
      }
    }
  }

  private nameOf({ taskId, attempt }: Task) {
    return { queue: this.queue, taskId, attempt };
  }
}

const isLost = (error: unknown): boolean => error instanceof DomainError && LOST.has(error.code);

/** Exponential, with jitter so that the processes of a fleet do not come back together. */
const backoffMs = (failures: number): number =>
  Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + Math.random() / 2);

/** Rests, unless the signal says that there is no time for it. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined);
