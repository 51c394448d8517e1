export type TaskStatus = 'PENDING' | 'TAKEN' | 'SUCCESS' | 'FAILURE' | 'SHED';

/** What the holder of a lease may do to end it. */
export type Ending = 'complete' | 'fail' | 'release';

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
 *       │ ▲ ▲              │ │
 *       │ │ └─fail,release─┘ └─fail, last lease ran out──▶ FAILURE ──redrive──▶ PENDING
 *       │ └── (a lease that ran out is claimed over)
 *       └──expired──▶ SHED
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
  /** While TAKEN: from then on somebody else may claim it; until somebody does, it is still the holder's. */
  readonly leaseUntil?: number;
  readonly finishedAt?: number;
  /** The token of the last claim. Whoever knows it holds the task while it is TAKEN. */
  readonly fence?: string;
  /** How the holder of `fence` ended its lease, if it did. */
  readonly endedBy?: Ending;
}

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
    expiresAt: now + expiresInSeconds * 1000,
  };
}

/** Where a task stands among those of its queue: by creation, then by `serial`, which must rise within a process. */
export const placeOf = (createdAt: number, serial: string): string =>
  `${String(createdAt).padStart(15, '0')}#${serial}`;

/** Whether nobody holds it and its time has come: all that the order of a queue needs to know before a claim. */
export const isIdle = (task: Pick<Task, 'leaseUntil' | 'notBefore'>, at: number): boolean =>
  task.notBefore <= at && (task.leaseUntil ?? 0) <= at;

/** The condition of a claim: idle, inside its deadline, with an attempt left. */
export const isClaimable = (task: Task, at: number): boolean =>
  isOpen(task) && isIdle(task, at) && task.expiresAt > at && task.attempt < task.maxAttempts;

export const isOpen = ({ status }: Pick<Task, 'status'>): boolean => status === 'PENDING' || status === 'TAKEN';

/** What a claim gives: a lease under a token that nobody else knows. */
export interface Grant {
  readonly fence: string;
  readonly claimedAt: number;
  readonly leaseUntil: number;
}

/** @param task one that {@link isClaimable} at `grant.claimedAt` */
export const claimed = (task: Task, grant: Grant): Task => ({
  ...task,
  ...grant,
  status: 'TAKEN',
  attempt: task.attempt + 1,
  endedBy: undefined,
});

export const extended = (task: Task, leaseUntil: number): Task => ({ ...task, leaseUntil });

export const completed = (task: Task, result: string | undefined, now: number): Task => ({
  ...finished(task, 'SUCCESS', now),
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
  const ended = { ...task, error, endedBy: 'fail' } as const;
  const notBefore = now + (retryDelayMs ?? 0);
  return retryDelayMs === undefined || task.attempt >= task.maxAttempts || notBefore >= task.expiresAt
    ? finished(ended, 'FAILURE', now)
    : { ...ended, status: 'PENDING', leaseUntil: undefined, notBefore };
}

/** The attempt is given back, as if the claim had not been. */
export const released = (task: Task, delayMs: number, now: number): Task => ({
  ...task,
  status: 'PENDING',
  attempt: task.attempt - 1,
  leaseUntil: undefined,
  notBefore: now + delayMs,
  endedBy: 'release',
});

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
  if (isLastLeaseOver)
    return {
      ...finished(task, 'FAILURE', now),
      error: 'The lease of the last attempt ran out before it was finished.',
    };
  return task.expiresAt <= now ? { ...finished(task, 'SHED', now), shedReason: 'expired' } : undefined;
}

/** A FAILURE begins anew in its old place. */
export const redriven = (task: Task, deadlineSeconds: number, now: number): Task => ({
  ...task,
  status: 'PENDING',
  attempt: 0,
  notBefore: now,
  expiresAt: now + (task.terms.expiresInSeconds ?? deadlineSeconds) * 1000,
  finishedAt: undefined,
});

const finished = (task: Task, status: 'SUCCESS' | 'FAILURE' | 'SHED', finishedAt: number): Task => ({
  ...task,
  status,
  leaseUntil: undefined,
  finishedAt,
});

/**
 * Whether nothing has happened to a task since it was seen. Each claim has a fence of its own and each way out of a
 * state is taken once, so status and fence tell; heartbeats move the lease alone.
 */
export const standsAs = (task: Task, seen: Task): boolean =>
  task.status === seen.status && task.fence === seen.fence && task.leaseUntil === seen.leaseUntil;
