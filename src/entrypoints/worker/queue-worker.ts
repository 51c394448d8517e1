import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DomainError } from '../../domain/shared/domain-error.ts';
import type { ClaimTasks } from '../../domain/tasks/claim-tasks.ts';
import type { ExtendLease } from '../../domain/tasks/extend-lease.ts';
import type { QueueSettings, RunnerSettings } from '../../domain/tasks/queue.ts';
import type { RunTask } from '../../domain/tasks/run-task.ts';
import type { Task } from '../../domain/tasks/task.ts';
import { TokenBucket } from '../../domain/tasks/token-bucket.ts';
import type { QueueStore, RunOutcome } from '../../ports/tasks.ts';
import { within } from '../deadline.ts';
import { Bell } from './bell.ts';

export interface QueueWorkerParts {
  readonly queues: Pick<QueueStore, 'get'>;
  readonly claimTasks: ClaimTasks;
  readonly runTask: RunTask;
  readonly extendLease: ExtendLease;
  readonly logger: Logger;
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

/** Nothing wakes a worker when a delay or a lease is over, so it looks by itself. */
const LOOK_INTERVAL_MS = 1_000;
/** A holder says that it lives so many times in the time of a lease. */
const HEARTBEATS_PER_LEASE = 3;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** How long calls may go on after a stop unless it says otherwise, and how long the store then has to take their tasks back. */
const CALL_GRACE_MS = 4_000;
const RECORD_GRACE_MS = 2_000;

const LOST = new Set(['TASKS_LEASE_LOST', 'TASKS_NOT_FOUND']);

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
  /** The last look brought fewer tasks than there were slots: one more free slot is no reason to look again. */
  private isDrained = false;
  private isClaiming = false;

  constructor(
    private readonly queue: string,
    private readonly parts: QueueWorkerParts,
  ) {}

  /** Resolves when the queue has no runner any more and no call is under way, or after {@link stop}. */
  start(): Promise<void> {
    this.working = this.work();
    return this.working;
  }

  /** Whether calls are under way, or about to be. */
  get isBusy(): boolean {
    return this.isClaiming || this.calls.size > 0;
  }

  /** There may be something to claim. */
  wake(): void {
    this.bell.ring();
  }

  /**
   * Claims nothing more, lets calls end for a while, then cancels them and gives their tasks back. What the store does
   * not take in time comes back when its lease runs out.
   *
   * @param graceMs how long calls may go on, from now; a claim that is under way counts as one
   */
  async stop(graceMs = CALL_GRACE_MS): Promise<void> {
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
        if (restMs > 0) await this.bell.wait(restMs);
      } catch (error) {
        const pauseMs = backoffMs(failures++);
        this.parts.logger.error({ err: error, queue: this.queue, pauseMs }, 'claiming failed; it is tried again');
        await pause(pauseMs, this.stopping.signal);
      }
    }
  }

  /** @returns how long there is nothing to do unless something happens, ms; undefined when there never will be */
  private async fillSlots(): Promise<number | undefined> {
    const settings = await this.parts.queues.get(this.queue);
    if (!settings?.runner) return this.calls.size > 0 ? LOOK_INTERVAL_MS : undefined;
    const runner = this.inTime(settings.runner);
    if (!runner) return LOOK_INTERVAL_MS;
    const slots = runner.concurrency - this.calls.size;
    const permits = Math.min(slots, this.takeTokens(slots, runner));
    if (permits <= 0) return slots > 0 ? this.untilToken() : LOOK_INTERVAL_MS;

    let claimed: readonly Task[] = [];
    this.isClaiming = true;
    try {
      const { leaseSeconds } = settings;
      [claimed = []] = await this.parts.claimTasks.execute(this.queue, [{ max: permits, leaseSeconds }]);
      for (const task of claimed) this.begin(task, { ...settings, runner });
    } finally {
      this.isClaiming = false;
      this.bucket?.tokens.giveBack(permits - claimed.length);
    }
    this.isDrained = claimed.length < permits;
    return this.isDrained ? LOOK_INTERVAL_MS : 0;
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

  private begin(task: Task, settings: QueueSettings & { readonly runner: RunnerSettings }): void {
    const cancel = new AbortController();
    if (this.stopping.signal.aborted) cancel.abort();
    const call = this.handle(task, settings, cancel).finally(() => {
      this.calls.delete(cancel);
      if (!this.isDrained) this.bell.ring();
    });
    this.calls.set(cancel, call);
  }

  /** Has a task done and says what became of it, with heartbeats until that is stored. Never rejects. */
  private async handle(
    task: Task,
    { runner, leaseSeconds }: QueueSettings & { readonly runner: RunnerSettings },
    cancel: AbortController,
  ): Promise<void> {
    const heart = setInterval(
      () => void this.beat(task, leaseSeconds, cancel),
      (leaseSeconds * 1000) / HEARTBEATS_PER_LEASE,
    );
    const begin = performance.now();
    try {
      const outcome = await this.parts.runTask.run(task, runner, cancel.signal);
      await this.record(task, outcome);
      const ms = Math.round(performance.now() - begin);
      this.parts.logger.debug({ ...this.nameOf(task), outcome: outcome.kind, ms }, 'task called');
    } catch (error) {
      this.parts.logger.error({ err: error, ...this.nameOf(task) }, 'the outcome is lost; the task comes back');
    } finally {
      clearInterval(heart);
    }
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
   * @throws whatever cannot be helped by trying again, and `STORE_UNAVAILABLE` once the worker gives up
   */
  private async record(task: Task, outcome: RunOutcome): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        const { status, error } = await this.parts.runTask.record(task, outcome);
        if (status === 'FAILURE') this.parts.logger.warn({ ...this.nameOf(task), error }, 'task failed for good');
        return;
      } catch (error) {
        if (isLost(error)) {
          this.parts.logger.warn({ ...this.nameOf(task), outcome: outcome.kind }, 'the lease was lost meanwhile');
          return;
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
