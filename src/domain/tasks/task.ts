import { beginningOf } from '../shared/beginning-of.ts';
import { sortable } from '../shared/sortable.ts';

export type TaskStatus = 'PENDING' | 'TAKEN' | 'SUCCESS' | 'FAILURE' | 'SHED' | 'CANCELLED';

/** What the holder of a lease may do to end it. */
export type Ending = 'complete' | 'fail' | 'release';

/** How an attempt ended. `expired`: its lease ran out. */
export type AttemptOutcome = 'succeeded' | 'failed' | 'released' | 'expired' | 'cancelled';

/** The end of an attempt. Times are epoch ms. */
export interface AttemptEnd {
  readonly attempt: number;
  readonly claimedAt: number;
  readonly endedAt: number;
  /** The name that the claimer gave itself. */
  readonly worker?: string;
  readonly outcome: AttemptOutcome;
  /** The beginning of the error. */
  readonly error?: string;
}

/** What the caller specified for a new task besides its payload. Kept to tell a repeat from a reuse of the id. */
export interface TaskTerms {
  readonly delaySeconds?: number;
  readonly expiresInSeconds?: number;
  readonly maxAttempts?: number;
}

/**
 * One piece of work. Times are epoch ms.
 *
 *     PENDING ──claim──▶ TAKEN ──complete──▶ SUCCESS
 *       │   ▲              │ │
 *       │   └─fail,release─┘ └─fail, last lease ran out──▶ FAILURE ──redrive──▶ PENDING
 *       └──expired──▶ SHED ──redrive──▶ PENDING
 *
 * A task whose lease has expired can be claimed again. PENDING and TAKEN tasks can be made CANCELLED.
 */
export interface Task {
  readonly taskId: string;
  readonly queue: string;
  /** Sort key within the queue, by age: the order in which the tasks were made. Never changes. */
  readonly place: string;
  readonly status: TaskStatus;
  /** Number of the last attempt; 0 before the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** JSON text. */
  readonly payload: string;
  readonly terms: TaskTerms;
  /** JSON text. */
  readonly result?: string;
  /** Why the last attempt that failed did so. */
  readonly error?: string;
  readonly shedReason?: 'expired';
  readonly createdAt: number;
  /** Not claimable before this time. */
  readonly notBefore: number;
  /** Not claimable from this time on. */
  readonly expiresAt: number;
  readonly claimedAt?: number;
  /** Who has the last claim, as they called themselves. */
  readonly worker?: string;
  /** Length of the lease that the last claim asked for, s. */
  readonly leaseSeconds?: number;
  /** How often it was claimed in all; unlike `attempt`, this never falls. Tasks of the first release have none. */
  readonly deliveries?: number;
  /** The last ends of attempts, at most {@link MAX_HISTORY}, oldest first. */
  readonly history?: readonly AttemptEnd[];
  /** While TAKEN: from this time on another claimer may take it over; until then it remains the holder's. */
  readonly leaseUntil?: number;
  readonly finishedAt?: number;
  /** Fencing token of the last claim. Its holder holds the task while it is TAKEN. */
  readonly fence?: string;
  /** How the holder of `fence` ended its lease, if it did. */
  readonly endedBy?: Ending;
}

export const MAX_HISTORY = 20;
/** How much of an error is kept in the history, characters. */
const MAX_HISTORY_ERROR = 200;

/** The most that a payload or a result may take, in bytes of UTF-8. */
export const MAX_JSON_BYTES = 32 * 1024;

export interface TaskDraft {
  readonly taskId: string;
  readonly queue: string;
  readonly place: string;
  readonly payload: string;
  readonly terms: TaskTerms;
  /** Apply where `terms` leaves a value out. */
  readonly defaults: { readonly deadlineSeconds: number; readonly maxAttempts: number };
}

export function createTask({ defaults, ...draft }: TaskDraft, now: number): Task {
  const { delaySeconds = 0, expiresInSeconds = defaults.deadlineSeconds, maxAttempts } = draft.terms;
  return {
    ...draft,
    status: 'PENDING',
    attempt: 0,
    maxAttempts: maxAttempts ?? defaults.maxAttempts,
    createdAt: now,
    notBefore: now + delaySeconds * 1000,
    // A deadline that passes before the task may run would shed every one.
    expiresAt: now + (delaySeconds + expiresInSeconds) * 1000,
  };
}

/** The sort key of a task within its queue: by creation, then by `serial`, which must rise within a process. */
export const placeOf = (createdAt: number, serial: string): string => `${sortable(createdAt)}#${serial}`;

/** Whether it is due and not held: all that the order of a queue depends on. */
export const isIdle = (task: Pick<Task, 'leaseUntil' | 'notBefore'>, at: number): boolean =>
  task.notBefore <= at && (task.leaseUntil ?? 0) <= at;

/** When an open task becomes claimable or overdue, epoch ms. */
export const dueAt = ({
  leaseUntil,
  notBefore,
  expiresAt,
}: Pick<Task, 'leaseUntil' | 'notBefore' | 'expiresAt'>): number => leaseUntil ?? Math.min(notBefore, expiresAt);

/** The condition of a claim: idle, inside its deadline, with an attempt left. */
export const isClaimable = (task: Task, at: number): boolean =>
  isOpen(task) && isIdle(task, at) && task.expiresAt > at && task.attempt < task.maxAttempts;

export const isOpen = ({ status }: Pick<Task, 'status'>): boolean => status === 'PENDING' || status === 'TAKEN';

/** What a claim grants: a lease, and the token (fence) that only its holder knows. */
export interface Lease {
  readonly fence: string;
  readonly claimedAt: number;
  readonly leaseSeconds: number;
  readonly worker?: string;
}

/** @param task one that {@link isClaimable} at `lease.claimedAt` */
export const claimed = (task: Task, { fence, claimedAt, leaseSeconds, worker }: Lease): Task => ({
  ...(task.status === 'TAKEN' ? withEnd(task, 'expired', task.leaseUntil as number) : task),
  status: 'TAKEN',
  attempt: task.attempt + 1,
  deliveries: (task.deliveries ?? task.attempt) + 1,
  fence,
  claimedAt,
  leaseSeconds,
  leaseUntil: claimedAt + leaseSeconds * 1000,
  worker,
  endedBy: undefined,
});

/** Extends the lease to `leaseSeconds` from now; never shortens it. */
export const extended = (task: Task, leaseSeconds: number, now: number): Task => ({
  ...task,
  leaseUntil: Math.max(task.leaseUntil ?? 0, now + leaseSeconds * 1000),
});

/** @param remark why a success has no result */
export const completed = (task: Task, result: string | undefined, now: number, remark?: string): Task => ({
  ...finished(withEnd(task, 'succeeded', now, remark), 'SUCCESS', now),
  endedBy: 'complete',
  result,
});

/**
 * The task after a failed attempt: PENDING again after the delay, or FAILURE when a retry is not allowed, no attempt is
 * left, or the retry would come after the deadline.
 *
 * @param retryDelayMs undefined: do not try again
 */
export function failed(task: Task, error: string, retryDelayMs: number | undefined, now: number): Task {
  const ended = { ...withEnd(task, 'failed', now, error), error, endedBy: 'fail' } as const;
  if (retryDelayMs === undefined || task.attempt >= task.maxAttempts) return finished(ended, 'FAILURE', now);
  const notBefore = now + retryDelayMs;
  if (notBefore < task.expiresAt) return { ...ended, status: 'PENDING', leaseUntil: undefined, notBefore };
  const wait = `(the next attempt was to come after ${Math.ceil(retryDelayMs / 1000)} s, past the deadline of the task)`;
  return finished({ ...ended, error: `${error} ${wait}`.trimStart() }, 'FAILURE', now);
}

/**
 * The task after its holder gave it back: the attempt does not count.
 *
 * @param error what went wrong, if the cause lies outside the task
 */
export const released = (task: Task, delayMs: number, now: number, error?: string): Task => ({
  ...withEnd(task, 'released', now, error),
  status: 'PENDING',
  attempt: task.attempt - 1,
  leaseUntil: undefined,
  notBefore: now + delayMs,
  endedBy: 'release',
});

/** @param task an open one; a holder loses its lease */
export const cancelled = (task: Task, now: number): Task =>
  finished(task.status === 'TAKEN' ? withEnd(task, 'cancelled', now) : task, 'CANCELLED', now);

/**
 * What an open task becomes by the passing of time alone.
 *
 *     last lease ran out before the deadline  → FAILURE
 *     not held at or past the deadline        → SHED
 *
 * @returns undefined while it is not overdue
 */
export function expiredIfOverdue(task: Task, now: number): Task | undefined {
  if (!isOpen(task) || (task.leaseUntil ?? 0) > now) return undefined;
  const isLastLeaseOver =
    task.leaseUntil !== undefined && task.attempt >= task.maxAttempts && task.leaseUntil < task.expiresAt;
  const ended = task.status === 'TAKEN' ? withEnd(task, 'expired', task.leaseUntil as number) : task;
  if (isLastLeaseOver)
    return {
      ...finished(ended, 'FAILURE', now),
      error: 'The lease of the last attempt ran out before it was finished.',
    };
  return task.expiresAt <= now ? { ...finished(ended, 'SHED', now), shedReason: 'expired' } : undefined;
}

/** Whether {@link redriven} applies to it. */
export const isRedrivable = ({ status }: Pick<Task, 'status'>): boolean => status === 'FAILURE' || status === 'SHED';

/** A FAILURE or SHED task starts over, in its old place. */
export const redriven = (task: Task, deadlineSeconds: number, now: number): Task => ({
  ...task,
  status: 'PENDING',
  attempt: 0,
  notBefore: now,
  expiresAt: now + (task.terms.expiresInSeconds ?? deadlineSeconds) * 1000,
  finishedAt: undefined,
  shedReason: undefined,
});

const finished = (task: Task, status: Exclude<TaskStatus, 'PENDING' | 'TAKEN'>, finishedAt: number): Task => ({
  ...task,
  status,
  leaseUntil: undefined,
  finishedAt,
});

/** @param error what went wrong, or a remark */
function withEnd(task: Task, outcome: AttemptOutcome, endedAt: number, error?: string): Task {
  const { attempt, claimedAt = endedAt, worker, history = [] } = task;
  const end: AttemptEnd = {
    attempt,
    claimedAt,
    endedAt,
    ...(worker === undefined ? {} : { worker }),
    outcome,
    ...(error === undefined ? {} : { error: beginningOf(error, MAX_HISTORY_ERROR) }),
  };
  return { ...task, history: [...history, end].slice(-MAX_HISTORY) };
}

/**
 * Whether a task is unchanged since it was read. Each claim has its own fence, each redrive sets a new deadline, each
 * transition out of a state happens once, and a heartbeat changes the lease alone.
 */
export const isUnchangedSince = (task: Task, seen: Task): boolean =>
  task.status === seen.status &&
  task.fence === seen.fence &&
  task.leaseUntil === seen.leaseUntil &&
  task.expiresAt === seen.expiresAt;
