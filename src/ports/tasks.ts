import type { Page, PageRequest } from '../domain/shared/page.ts';
import type { Order } from '../domain/tasks/order.ts';
import type { Queue, QueueSettings, QueueState, RunnerSettings } from '../domain/tasks/queue.ts';
import type { QueueStats } from '../domain/tasks/queue-stats.ts';
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
   * @throws DomainError `INVALID_REQUEST` for a text that is no cursor (`sortKeyIn`)
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

  /** The stats of a queue at a moment (epoch ms); all zero for a queue that never had tasks. */
  stats(queue: string, now: number): Promise<QueueStats>;

  /**
   * Maintenance of a queue at a moment (epoch ms): deletes finished tasks whose retention is over, and makes delayed tasks
   * claimable before they are due, provided that it is called every minute, or as often as the store was configured for.
   *
   * @returns whether a queue without open tasks needs no further maintenance until it gets one
   */
  runMaintenance(queue: string, now: number): Promise<boolean>;
}

/** A change of a task, as read from the store's change stream. */
export interface TaskChange {
  readonly queue: string;
  /** Position of the change in its shard of the stream: later changes have greater numbers. */
  readonly sequenceNumber: string;
  /** Before and after; `from` is undefined for a new task. */
  readonly from: TaskStatus | undefined;
  readonly to: TaskStatus;
  /** The name under which the process that made the change counts open tasks. */
  readonly by: string | undefined;
  /** When the task was finished, epoch ms. */
  readonly finishedAt: number | undefined;
  /** When the change was made, epoch ms, truncated to seconds. */
  readonly at: number;
}

/** Counts changes of tasks, for a store that does not count them itself. */
export interface TaskCounts {
  /**
   * Counts changes, each once however often it is delivered.
   *
   * @param shardId the shard of the stream that they are from; they are in its order
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
   * Stores the settings, only while the stored ones have the `version` of `seen`. A paused queue stays paused, and its last
   * turn is kept; its breaker is closed, since the settings may name another service.
   *
   * @param seen undefined for a queue that was not there
   * @returns the queue as it is now; undefined, with nothing written, if its settings have changed
   */
  replace(seen: Queue | undefined, settings: QueueSettings): Promise<Queue | undefined>;

  /** Stores the settings if the queue has none. @returns the queue as it is now */
  create(settings: QueueSettings): Promise<Queue>;

  /** Pauses or resumes a queue. @returns the queue as it is now, or undefined if there is none */
  pause(queue: string, paused: boolean): Promise<Queue | undefined>;

  /**
   * Compare-and-set of one part of a queue's state; undefined stands for none.
   *
   * @returns false, with nothing written, if it is not as it was read, or there is no such queue
   */
  replaceState<Name extends keyof QueueState>(
    queue: string,
    name: Name,
    seen: QueueState[Name],
    after: QueueState[Name],
  ): Promise<boolean>;

  /**
   * Removes the settings of a queue.
   *
   * @param seen if given, removes it only while the stored settings have this `version`
   * @returns whether there is no such queue now
   */
  remove(queue: string, seen?: Queue): Promise<boolean>;

  /**
   * Queues by name.
   *
   * @throws DomainError `INVALID_REQUEST` for a text that is no cursor (`sortKeyIn`)
   */
  list(page: PageRequest): Promise<Page<Queue>>;
}

/** A call of the service that runs the tasks of a queue. */
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
  /** `result` is JSON text of a size that a task may hold; absent when the service returned none, or for the reason in `remark`. */
  | { readonly kind: 'success'; readonly result?: string; readonly remark?: string }
  /** No connection was made, so the service cannot have started the task. */
  | { readonly kind: 'unreachable'; readonly error: string }
  /**
   * The service refused the task for now (`status`), or did not answer. `retryAfterMs` is the wait that it asked for.
   */
  | { readonly kind: 'retry'; readonly error: string; readonly status?: number; readonly retryAfterMs?: number }
  /** The time of the task has not come: it is given back, with the attempt, for so long. */
  | { readonly kind: 'later'; readonly delayMs: number; readonly reason: string }
  /** Permanent: a retry would not help. */
  | { readonly kind: 'failure'; readonly error: string }
  /** The caller cancelled the call; its effect on the service is unknown. */
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
   * Runs a task. The service may get the same `taskId` again, as another attempt or because the outcome was lost.
   * Never rejects: every error is an outcome.
   */
  run(call: RunnerCall, runner: RunnerSettings, cancel: Cancellation): Promise<RunOutcome>;
}

/** Which services runners may name. */
export interface RunnerHosts {
  /** Whether a runner with this address (http or https) is refused, whatever its host name resolves to. */
  refuses(url: string): boolean;
}

/** Notifies waiting claimers and workers that queues may hold claimable tasks. A notification may be lost. */
export interface TaskNotifier {
  /**
   * @param inMs until a task is claimable
   * @throws Error when the notification was certainly not delivered
   */
  notify(queues: readonly string[], inMs?: number): Promise<void>;
}

/** Receives what {@link TaskNotifier} sends: in this process, and in others where the adapter connects them. */
export interface TaskNotifications {
  /** Calls the listener with each queue notified of. @returns a function that unsubscribes it */
  subscribe(listener: (queue: string, inMs: number) => void): () => void;
}

/** When and under which id a queue was last marked active. */
export interface ActiveMark {
  /** Changes each time the queue is marked. */
  readonly id: string;
  /** When the queue was marked, epoch ms. */
  readonly at: number;
}

/**
 * The queues that may hold an open task or a FAILURE, as known to all processes.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again.
 */
export interface ActiveQueues {
  /**
   * @returns the marks by queue; `isComplete` is false when queues with tasks may be missing: before the first full scan,
   * and from half an hour after the last one
   */
  list(): Promise<{ readonly marks: ReadonlyMap<string, ActiveMark>; readonly isComplete: boolean }>;

  /** Marks queues that may hold new claimable tasks. */
  mark(queues: readonly string[]): Promise<void>;

  /**
   * Marks a queue that got a task, unless this process did so in the last 30 s: sweeps must find the task even where no
   * process reads the store's change stream.
   */
  touch(queue: string): Promise<void>;

  /** Renews the mark of an active queue, after a change of settings that affects claims. */
  renew(queue: string): Promise<void>;

  /** Removes a queue, unless it was marked again since this mark was read. */
  forget(queue: string, seen: ActiveMark): Promise<void>;

  /** Records a full scan: every queue was read, and those that hold tasks are marked. */
  completed(): Promise<void>;
}

/** A lease that one process of the fleet holds at a time. */
export interface FleetLease {
  /**
   * Takes the lease for that long, or renews it.
   *
   * @returns false while another process holds it
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  acquire(ms: number): Promise<boolean>;

  /** Gives the lease back, if the caller still holds it. @throws DomainError `STORE_UNAVAILABLE` */
  release(): Promise<void>;
}
