import * as Type from 'typebox';
import { Id, PageQuery, Timestamp } from '../schemas.ts';

export { IdempotencyHeaders, PageQuery } from '../schemas.ts';

const MAX_DELAY_SECONDS = 2_592_000;
const MAX_LEASE_SECONDS = 43_200;

const Delay = Type.Integer({ minimum: 0, maximum: MAX_DELAY_SECONDS });
const Lifetime = Type.Integer({ minimum: 1, maximum: MAX_DELAY_SECONDS });
const Lease = Type.Integer({ minimum: 1, maximum: MAX_LEASE_SECONDS });
const Attempts = Type.Integer({ minimum: 1, maximum: 100 });
const Fence = Type.String({ minLength: 1, maxLength: 256, description: 'as the claim gave it' });
const anyJson = (description: string) => Type.Unknown({ description });
const givenJson = () =>
  anyJson('Any JSON of at most 32 KiB; a whole number that a 64-bit float cannot hold is refused');

export const QueueParams = Type.Object({ queue: Id });
export const TaskParams = Type.Object({ taskId: Id });

export const NewTask = Type.Object(
  {
    payload: givenJson(),
    delaySeconds: Type.Optional(Delay),
    expiresInSeconds: Type.Optional(Lifetime),
    maxAttempts: Type.Optional(Attempts),
    taskId: Type.Optional(Id),
  },
  { additionalProperties: false },
);

export const QueueDraft = Type.Object(
  {
    order: Type.Optional(Type.Enum(['lifo', 'fifo', 'adaptive'])),
    deadlineSeconds: Type.Optional(Lifetime),
    maxPending: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
    leaseSeconds: Type.Optional(Lease),
    maxAttempts: Type.Optional(Attempts),
    runner: Type.Optional(
      Type.Object(
        {
          url: Type.String({ maxLength: 2_048, description: 'http:// or https://' }),
          timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 900_000 })),
          concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
          ratePerSecond: Type.Optional(Type.Number({ minimum: 0.01, maximum: 10_000 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

export const TaskListQuery = Type.Object(
  {
    ...PageQuery.properties,
    status: Type.Enum(['PENDING', 'TAKEN', 'FAILURE', 'SHED']),
  },
  { additionalProperties: false },
);

export const ClaimRequest = Type.Object(
  {
    max: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
    leaseSeconds: Type.Optional(Lease),
    waitSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 20 })),
    worker: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Who claims; stands in the log' })),
  },
  { additionalProperties: false },
);

export const Heartbeat = Type.Object(
  { fence: Fence, leaseSeconds: Type.Optional(Lease) },
  { additionalProperties: false },
);
export const Completion = Type.Object(
  { fence: Fence, result: Type.Optional(givenJson()) },
  { additionalProperties: false },
);
export const Failure = Type.Object(
  { fence: Fence, error: Type.String({ maxLength: 2_000 }), retry: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);
export const Release = Type.Object(
  { fence: Fence, delaySeconds: Type.Optional(Delay) },
  { additionalProperties: false },
);

const taskFields = {
  taskId: Type.String(),
  queue: Type.String(),
  status: Type.String({ enum: ['PENDING', 'TAKEN', 'SUCCESS', 'FAILURE', 'SHED'] }),
  attempt: Type.Integer({ description: 'Number of the last attempt; 0 before the first' }),
  maxAttempts: Type.Integer(),
  payload: anyJson('As it was enqueued'),
  result: Type.Optional(
    anyJson(
      'What the task was completed with; the answer of a runner as text if it is not JSON that can be kept as it is',
    ),
  ),
  error: Type.Optional(Type.String({ description: 'Why the last attempt that failed did so' })),
  shedReason: Type.Optional(Type.String({ enum: ['expired'] })),
  createdAt: Timestamp,
  notBefore: Timestamp,
  expiresAt: Timestamp,
  claimedAt: Type.Optional(Type.String({ format: 'date-time', description: 'The last claim' })),
  leaseUntil: Type.Optional(Timestamp),
  finishedAt: Type.Optional(Timestamp),
};

export const TaskBody = Type.Object(taskFields, { description: 'The task as it is now' });

export const EnqueuedTask = Type.Object(taskFields, {
  description: 'The task is in the queue',
  headers: {
    location: Type.String({ description: 'Path of the task' }),
    'idempotent-replayed': Type.String({ description: '`true` if it had been enqueued before' }),
  },
});

export const TaskList = Type.Object(
  { tasks: Type.Array(TaskBody), nextCursor: Type.Optional(Type.String()) },
  { description: 'A page of tasks, with `nextCursor` while there may be more' },
);

export const ClaimedTasks = Type.Object(
  {
    tasks: Type.Array(
      Type.Object({
        taskId: Type.String(),
        payload: anyJson('As it was enqueued'),
        attempt: Type.Integer(),
        fence: Type.String({ description: 'Send it with every call for this task' }),
        leaseUntil: Timestamp,
      }),
    ),
  },
  { description: 'What was claimed, which may be nothing' },
);

const settingsFields = {
  queue: Type.String(),
  order: Type.String({ enum: ['lifo', 'fifo', 'adaptive'] }),
  deadlineSeconds: Type.Integer(),
  maxPending: Type.Integer(),
  leaseSeconds: Type.Integer(),
  maxAttempts: Type.Integer(),
  runner: Type.Optional(
    Type.Object({
      url: Type.String(),
      timeoutMs: Type.Integer(),
      concurrency: Type.Integer(),
      ratePerSecond: Type.Optional(Type.Number()),
    }),
  ),
};

export const QueueSettingsBody = Type.Object(settingsFields, { description: 'The settings, all of them' });

const ageMs = Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'null when nothing is pending' });

export const QueueBody = Type.Object(
  {
    ...settingsFields,
    effectiveOrder: Type.String({ enum: ['lifo', 'fifo'] }),
    pending: Type.Integer(),
    taken: Type.Integer(),
    deadLetters: Type.Integer({ description: 'Tasks in FAILURE' }),
    oldestPendingAgeMs: ageMs,
    newestPendingAgeMs: ageMs,
    throughputPerSecond: Type.Number({ description: 'Tasks finished per second lately' }),
    counters: Type.Object({
      enqueued: Type.Integer(),
      succeeded: Type.Integer(),
      failed: Type.Integer(),
      shed: Type.Integer(),
      redriven: Type.Integer(),
      refused: Type.Integer({ description: 'Enqueues refused because the queue was full' }),
    }),
    approximate: Type.Optional(Type.Array(Type.String(), { description: 'Names of the figures that are not exact' })),
  },
  { description: 'The queue: its settings, what it holds, what it has done' },
);

export const QueueList = Type.Object(
  { queues: Type.Array(QueueBody), nextCursor: Type.Optional(Type.String()) },
  { description: 'A page of queues, with `nextCursor` while there are more' },
);

export const Redriven = Type.Object({ redriven: Type.Integer() }, { description: 'How many are back in the queue' });
