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
  /** Who had claimed it, as they called themselves. */
  readonly worker?: string;
  readonly outcome: AttemptOutcome;
  /** The beginning of what went wrong. */
  readonly error?: string;
}

/** What a caller said of a new task besides its payload. Kept, so that a repeat can be told from a reuse of its id. */
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
 * A lease that ran out is claimed over. PENDING and TAKEN tasks can be made CANCELLED.
 */
export interface Task {
  readonly taskId: string;
  readonly queue: string;
  /** Sorts tasks of a queue by age, in the order in which they were made. Never changes. */
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
  /** Nobody claims it before. */
  readonly notBefore: number;
  /** Nobody claims it from then on. */
  readonly expiresAt: number;
  readonly claimedAt?: number;
  /** Who has the last claim, as they called themselves. */
  readonly worker?: string;
  /** How long a lease the last claim asked for, s. */
  readonly leaseSeconds?: number;
  /** How often it was claimed in all; other than `attempt`, this never falls. Tasks of the first release have none. */
  readonly deliveries?: number;
  /** The last ends of attempts, at most {@link MAX_HISTORY}, oldest first. */
  readonly history?: readonly AttemptEnd[];
  /** While TAKEN: from then on somebody else may claim it; until somebody does, it is still the holder's. */
  readonly leaseUntil?: number;
  readonly finishedAt?: number;
  /** The token of the last claim. Whoever knows it holds the task while it is TAKEN. */
  readonly fence?: string;
  /** How the holder of `fence` ended its lease, if it did. */
  readonly endedBy?: Ending;
}

export const MAX_HISTORY = 20;
/** So much of an error stands in the history, characters. */
const MAX_HISTORY_ERROR = 200;

/** Payloads and results may be as long as this, in bytes of UTF-8. */
export const MAX_JSON_BYTES = 32 * 1024;

export interface TaskDraft {
  readonly taskId: string;
  readonly queue: string;
  readonly place: string;
  readonly payload: string;
  readonly terms: TaskTerms;
  /** Count where the terms say nothing. */
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

/** Where a task stands among those of its queue: by creation, then by `serial`, which must rise within a process. */
export const placeOf = (createdAt: number, serial: string): string => `${sortable(createdAt)}#${serial}`;

/** Whether nobody holds it and its time has come: all that the order of a queue needs to know before a claim. */
export const isIdle = (task: Pick<Task, 'leaseUntil' | 'notBefore'>, at: number): boolean =>
  task.notBefore <= at && (task.leaseUntil ?? 0) <= at;

/** When an open task can be claimed or is overdue, epoch ms. */
export const dueAt = ({
  leaseUntil,
  notBefore,
  expiresAt,
}: Pick<Task, 'leaseUntil' | 'notBefore' | 'expiresAt'>): number => leaseUntil ?? Math.min(notBefore, expiresAt);

/** The condition of a claim: idle, inside its deadline, with an attempt left. */
export const isClaimable = (task: Task, at: number): boolean =>
  isOpen(task) && isIdle(task, at) && task.expiresAt > at && task.attempt < task.maxAttempts;

export const isOpen = ({ status }: Pick<Task, 'status'>): boolean => status === 'PENDING' || status === 'TAKEN';

/** What a claim gives: a lease under a token that nobody else knows. */
export interface Grant {
  readonly fence: string;
  readonly claimedAt: number;
  readonly leaseSeconds: number;
  readonly worker?: string;
}

/** @param task one that {@link isClaimable} at `grant.claimedAt` */
export const claimed = (task: Task, { fence, claimedAt, leaseSeconds, worker }: Grant): Task => ({
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

/** A lease that lasts for so long from now, and never ends earlier than it would have. */
export const extended = (task: Task, leaseSeconds: number, now: number): Task => ({
  ...task,
  leaseUntil: Math.max(task.leaseUntil ?? 0, now + leaseSeconds * 1000),
});

/** @param remark what there is to say of a success that left no result */
export const completed = (task: Task, result: string | undefined, now: number, remark?: string): Task => ({
  ...finished(withEnd(task, 'succeeded', now, remark), 'SUCCESS', now),
  endedBy: 'complete',
  result,
});

/**
 * What a failed attempt makes of its task: PENDING again after the delay, or FAILURE when it may not be tried again,
 * has no attempt left, or would come too late.
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
 * The attempt is given back, as if the claim had not been.
 *
 * @param error why, if something went wrong that is not the task's fault
 */
export const released = (task: Task, delayMs: number, now: number, error?: string): Task => ({
  ...withEnd(task, 'released', now, error),
  status: 'PENDING',
  attempt: task.attempt - 1,
  leaseUntil: undefined,
  notBefore: now + delayMs,
  endedBy: 'release',
});

/** @param task an open one; whoever holds it holds it no more */
export const cancelled = (task: Task, now: number): Task =>
  finished(task.status === 'TAKEN' ? withEnd(task, 'cancelled', now) : task, 'CANCELLED', now);

/**
 * What time alone makes of an open task.
 *
 *     last lease ran out before the deadline  → FAILURE
 *     nobody holds it at or past the deadline → SHED
 *
 * @returns undefined while it makes nothing of it
 */
export function settledIfOverdue(task: Task, now: number): Task | undefined {
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

/** Whether {@link redriven} may be made of it. */
export const isRedrivable = ({ status }: Pick<Task, 'status'>): boolean => status === 'FAILURE' || status === 'SHED';

/** A FAILURE or SHED begins anew in its old place. */
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

/** @param error what went wrong, or is to be remarked */
function withEnd(task: Task, outcome: AttemptOutcome, endedAt: number, error?: string): Task {
  const { attempt, claimedAt = endedAt, worker, history = [] } = task;
  const end: AttemptEnd = {
    attempt,
    claimedAt,
    endedAt,
    ...(worker === undefined ? {} : { worker }),
    outcome,
    ...(error === undefined ? {} : { error: beginningOf(error) }),
  };
  return { ...task, history: [...history, end].slice(-MAX_HISTORY) };
}

/** Without half of a surrogate pair at its end, which no store would give back. */
const beginningOf = (error: string): string => error.slice(0, MAX_HISTORY_ERROR).replace(/[\ud800-\udbff]$/, '');

/**
 * Whether nothing has happened to a task since it was seen. Each claim has a fence of its own, each redrive a new
 * deadline, and each way out of a state is taken once; heartbeats move the lease alone.
 */
export const standsAs = (task: Task, seen: Task): boolean =>
  task.status === seen.status &&
  task.fence === seen.fence &&
  task.leaseUntil === seen.leaseUntil &&
  task.expiresAt === seen.expiresAt;
