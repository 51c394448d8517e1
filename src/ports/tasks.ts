import type { Page, PageRequest } from '../domain/shared/page.ts';
import type { Order } from '../domain/tasks/order.ts';
import type { Queue, QueueMemory, QueueSettings, RunnerSettings } from '../domain/tasks/queue.ts';
import type { QueueFigures } from '../domain/tasks/queue-figures.ts';
import type { Lease, Task, TaskStatus } from '../domain/tasks/task.ts';

export type AddOutcome =
  | { readonly kind: 'added' }
  /** A task with this id is there already, in whatever queue and status; `task` is that one. */
  | { readonly kind: 'repeated'; readonly task: Task }
  /** The queue holds as many open tasks as it may. */
  | { readonly kind: 'full' };

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly task: Task }
  /** It could not be claimed; `task` is its present state, if it exists. */
  | { readonly kind: 'refused'; readonly task: Task | undefined };

/** Statuses in which tasks can be listed. A SUCCESS is found by its id alone. */
export type ListedStatus = Exclude<TaskStatus, 'SUCCESS'>;

/**
 * Tasks by id and, while they are open, by their place in their queue. The domain decides what becomes of a task; the
 * store makes each change atomically, and only under its condition.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again.
 */
export interface TaskStore {
  /**
   * Stores a new task. Of several with one id, one is added. Outcomes are tried in the order `repeated`, `full`.
   *
   * @param maxOpen the most PENDING and TAKEN tasks that its queue may hold with it; a store that several processes
   * share may go by counts that are a second old, and hold a queue to within 5 % of it
   */
  add(task: Task, maxOpen: number): Promise<AddOutcome>;

  /** Reads what was written before. */
  get(taskId: string): Promise<Task | undefined>;

  /**
   * Tasks of a queue in one status, newest first. A page may be short, even empty, and still have a `nextCursor`.
   *
   * @throws DomainError `INVALID_REQUEST` for a cursor that this store did not make
   */
  list(queue: string, status: ListedStatus, page: PageRequest): Promise<Page<Task>>;

  /**
   * Ids of the next open tasks at a moment: idle, within their deadline, from the end of the queue that `order` serves.
   * A claim may still be refused: another claimer may be faster, or the task may have no attempt left. A task with a
   * long delay may be missing until the next {@link runMaintenance}.
   *
   * @param now epoch ms
   */
  listClaimable(queue: string, order: Order, limit: number, now: number): Promise<readonly string[]>;

  /** Gives the task to a new holder if it is claimable at `lease.claimedAt`. Of several claims at once, one succeeds. */
  claim(taskId: string, lease: Lease): Promise<ClaimOutcome>;

  /**
   * Stores `after` if the task is unchanged since `before`: same status, fence, lease and deadline.
   *
   * @returns false, with nothing written, if it has changed
   */
  replace(before: Task, after: Task): Promise<boolean>;

  /**
   * Removes a finished task if it is unchanged since it was read.
   *
   * @returns false, with nothing removed, if it has changed
   */
  remove(seen: Task): Promise<boolean>;

  /**
   * Open tasks that are overdue at a moment (epoch ms), in any order. Further ones are returned once these are no longer
   * open; in a very long queue, by one of the next calls.
   */
  listOverdue(queue: string, now: number, limit: number): Promise<readonly Task[]>;

  /**
   * When the first of the open tasks becomes claimable or overdue, epoch ms; may be in the past.
   *
   * @param now epoch ms; also the answer where there are too many open tasks to tell
   * @returns undefined when the queue holds no open task
   */
  nextDueAt(queue: string, now: number): Promise<number | undefined>;

  /** What a queue holds at a moment (epoch ms), and what it has done; all zero for a queue without tasks. */
  figures(queue: string, now: number): Promise<QueueFigures>;

  /**
   * Maintenance of a queue at a moment (epoch ms): deletes finished tasks whose retention is over, and makes delayed tasks
   * claimable before they are due, provided that it is called every minute, or as often as the store was configured for.
   *
   * @returns whether a queue without open tasks needs no further maintenance until it gets one
   */
  runMaintenance(queue: string, now: number): Promise<boolean>;
}

/** A change of a task, as the store's change stream tells it. */
export interface TaskChange {
  readonly queue: string;
  /** Where the change stands in its part of the stream: later ones have greater numbers. */
  readonly sequenceNumber: string;
  /** Before and after; `from` is undefined for a new task. */
  readonly from: TaskStatus | undefined;
  readonly to: TaskStatus;
  /** Under which name the process counts the open tasks that it adds and ends. */
  readonly by: string | undefined;
  /** When the task was finished, epoch ms. */
  readonly finishedAt: number | undefined;
  /** When the change was made, epoch ms, cut to seconds. */
  readonly at: number;
}

/** Counts what happens to tasks, where a store shared by processes does not do so by itself. */
export interface TaskCounts {
  /**
   * Counts changes, each once however often it comes.
   *
   * @param shardId the part of the stream that they are from, which is in order
   * @throws DomainError `STORE_UNAVAILABLE`; the same changes may come again
   */
  count(shardId: string, changes: readonly TaskChange[]): Promise<void>;
}

/**
 * The settings of queues.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again.
 */
export interface QueueStore {
  get(queue: string): Promise<Queue | undefined>;

  /**
   * Stores the settings, in place of any others. A queue that is paused stays so, and its last turn is kept; its breaker
   * is closed, since the settings may name another service.
   *
   * @returns the queue as it is now
   */
  put(settings: QueueSettings): Promise<Queue>;

  /**
   * As `put`, but only while the settings are the very ones that were seen, by their `version`.
   *
   * @param seen undefined for a queue that was not there
   * @returns undefined, with nothing written, when they are not any more
   */
  replace(seen: Queue | undefined, settings: QueueSettings): Promise<Queue | undefined>;

  /** Stores the settings unless the queue has some. @returns the queue as it is now */
  create(settings: QueueSettings): Promise<Queue>;

  /** Pauses a queue, or has it go on. @returns the queue as it is now, or undefined if there is none */
  pause(queue: string, paused: boolean): Promise<Queue | undefined>;

  /**
   * Stores what the processes of a fleet tell each other of a queue if it still is as it was seen; undefined stands for
   * nothing.
   *
   * @returns false, with nothing written, if it is not, or there is no such queue
   */
  remember<Name extends keyof QueueMemory>(
    queue: string,
    name: Name,
    seen: QueueMemory[Name],
    after: QueueMemory[Name],
  ): Promise<boolean>;

  /**
   * Forgets a queue.
   *
   * @param seen if it is given, only while the settings are the very ones that were seen
   * @returns whether there is no such queue now
   */
  remove(queue: string, seen?: Queue): Promise<boolean>;

  /**
   * Queues by name.
   *
   * @throws DomainError `INVALID_REQUEST` for a cursor that this store did not make
   */
  list(page: PageRequest): Promise<Page<Queue>>;
}

/** A call of the service that does the work of a queue. */
export interface RunnerCall {
  readonly taskId: string;
  readonly queue: string;
  readonly attempt: number;
  /** How often it was claimed, this time included. */
  readonly deliveries: number;
  /** JSON text. */
  readonly payload: string;
}

export type RunOutcome =
  /** `result` is JSON text of a size that a task may hold; absent when the service said nothing, or what `remark` says. */
  | { readonly kind: 'success'; readonly result?: string; readonly remark?: string }
  /** No service was reached, so that it cannot have begun. */
  | { readonly kind: 'unreachable'; readonly error: string }
  /**
   * The service cannot take the task now, and answered with a `status`, or it did not answer. It names the wait (ms) if it
   * wants one.
   */
  | { readonly kind: 'retry'; readonly error: string; readonly status?: number; readonly retryAfterMs?: number }
  /** Trying again would not help. */
  | { readonly kind: 'failure'; readonly error: string }
  /** The call was ended by its caller; what the service made of it is unknown. */
  | { readonly kind: 'cancelled' };

/** Ends work early; an `AbortSignal` is one. */
export interface Cancellation {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The service behind a queue, limited in what it can take. */
export interface TaskRunner {
  /**
   * Has a task done. The same task may come again, as another attempt or because its outcome was lost; `taskId` tells.
   * Never rejects: whatever goes wrong is an outcome.
   */
  run(call: RunnerCall, runner: RunnerSettings, cancel: Cancellation): Promise<RunOutcome>;
}

/** Which services runners may name. */
export interface RunnerHosts {
  /** Whether a runner with this address (http or https) is refused, wherever the name of its host leads. */
  refuses(url: string): boolean;
}

/** Tells waiting claimers and workers that queues may have something for them. A signal may be lost. */
export interface WakeUps {
  /**
   * @param inMs when there will be something to claim, ms from now
   * @throws Error when it is known that nobody was told
   */
  notify(queues: readonly string[], inMs?: number): Promise<void>;
}

/** Where a process hears of {@link WakeUps}, its own and perhaps those of others. */
export interface WakeUpSignals {
  /** Calls the listener with each queue that this process hears of. @returns a function that ends it */
  listen(listener: (queue: string, inMs: number) => void): () => void;
}

/** What is known of an active queue. */
export interface ActiveMark {
  /** Differs from what it was when the queue was marked last. */
  readonly id: string;
  /** When the queue was marked, epoch ms. */
  readonly at: number;
}

/**
 * The queues that may hold an open task or a FAILURE, for all processes: nobody has to ask the others.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again.
 */
export interface ActiveQueues {
  /**
   * @returns the marks by queue; `isComplete` is false when some may be missing that hold tasks: before each queue was
   * looked at for once, and half an hour after that was done last
   */
  list(): Promise<{ readonly marks: ReadonlyMap<string, ActiveMark>; readonly isComplete: boolean }>;

  /** Marks queues in which there may be something new to claim. */
  mark(queues: readonly string[]): Promise<void>;

  /**
   * Marks a queue that a task was put into, unless this process has done so in the last half a minute: so that sweeps find
   * the task, whether or not anybody reads the store's change stream.
   */
  touch(queue: string): Promise<void>;

  /** Marks a queue anew if it is active, since it may be claimed from in another way now. */
  renew(queue: string): Promise<void>;

  /** Forgets a queue, unless it was marked again since it was seen with this mark. */
  forget(queue: string, seen: ActiveMark): Promise<void>;

  /** Says that each queue was looked at now, and those that hold something are marked. */
  completed(): Promise<void>;
}

/** Admits one of all processes to some work at a time. */
export interface FleetLease {
  /**
   * Takes the lease for that long, or renews it.
   *
   * @returns false while somebody else has it
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  hold(ms: number): Promise<boolean>;

  /** Leaves the lease to whoever comes next, if it is still the caller's. @throws DomainError `STORE_UNAVAILABLE` */
  release(): Promise<void>;
}
