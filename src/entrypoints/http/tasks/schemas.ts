import { Type } from 'typebox';
import { Id, PageQuery } from '../votes/schemas.ts';

export { IdempotencyHeaders, PageQuery } from '../votes/schemas.ts';

const MAX_DELAY_SECONDS = 2_592_000;
const MAX_LEASE_SECONDS = 43_200;

const Delay = Type.Integer({ minimum: 0, maximum: MAX_DELAY_SECONDS });
const Lifetime = Type.Integer({ minimum: 1, maximum: MAX_DELAY_SECONDS });
const Lease = Type.Integer({ minimum: 1, maximum: MAX_LEASE_SECONDS });
const Attempts = Type.Integer({ minimum: 1, maximum: 100 });
const Fence = Type.String({ minLength: 1, maxLength: 256, description: 'as the claim gave it' });
const anyJson = (description: string) => Type.Unknown({ description });

export const QueueParams = Type.Object({ queue: Id });
export const TaskParams = Type.Object({ taskId: Id });

export const NewTask = Type.Object(
  {
    payload: anyJson('Any JSON of at most 32 KiB'),
    delaySeconds: Type.Optional(Delay),
    expiresInSeconds: Type.Optional(Lifetime),
    maxAttempts: Type.Optional(Attempts),
    taskId: Type.Optional(Id),
  },
  { additionalProperties: false },
);

export const QueueDraft = Type.Object(
  {
    order: Type.Optional(Type.Union([Type.Literal('lifo'), Type.Literal('fifo'), Type.Literal('adaptive')])),
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
    status: Type.Union([Type.Literal('PENDING'), Type.Literal('TAKEN'), Type.Literal('FAILURE'), Type.Literal('SHED')]),
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
  { fence: Fence, result: Type.Optional(anyJson('Any JSON of at most 32 KiB')) },
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

export const TaskBody = Type.Object({
  taskId: Type.String(),
  queue: Type.String(),
  status: Type.String({ enum: ['PENDING', 'TAKEN', 'SUCCESS', 'FAILURE', 'SHED'] }),
  attempt: Type.Integer(),
  maxAttempts: Type.Integer(),
  payload: anyJson('As it was enqueued'),
  result: Type.Optional(anyJson('What the task was completed with')),
  error: Type.Optional(Type.String({ description: 'Why the last attempt that failed did so' })),
  shedReason: Type.Optional(Type.String({ enum: ['expired'] })),
  createdAt: Type.String(),
  notBefore: Type.String(),
  expiresAt: Type.String(),
  claimedAt: Type.Optional(Type.String({ description: 'The last claim' })),
  leaseUntil: Type.Optional(Type.String()),
  finishedAt: Type.Optional(Type.String()),
});

export const TaskList = Type.Object({ tasks: Type.Array(TaskBody), nextCursor: Type.Optional(Type.String()) });

export const ClaimedTasks = Type.Object({
  tasks: Type.Array(
    Type.Object({
      taskId: Type.String(),
      payload: anyJson('As it was enqueued'),
      attempt: Type.Integer(),
      fence: Type.String({ description: 'Send it with every call for this task' }),
      leaseUntil: Type.String(),
    }),
  ),
});

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

export const QueueSettingsBody = Type.Object(settingsFields);

const ageMs = Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'null when nothing is pending' });

export const QueueBody = Type.Object({
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
});

export const QueueList = Type.Object({ queues: Type.Array(QueueBody), nextCursor: Type.Optional(Type.String()) });

export const Redriven = Type.Object({ redriven: Type.Integer() });
