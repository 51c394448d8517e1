import * as Type from 'typebox';
import { generalProblems, type Problem } from '../problems.ts';
import { DOCUMENTED, Id, MapOf, NextCursor, PageQuery, Timestamp } from '../schemas.ts';

export { PreconditionHeaders } from '../preconditions.ts';
export { IdempotencyHeaders, PageQuery } from '../schemas.ts';

const MAX_DELAY_SECONDS = 2_592_000;
const MAX_LEASE_SECONDS = 43_200;

const Delay = Type.Integer({ minimum: 0, maximum: MAX_DELAY_SECONDS });
const Lifetime = Type.Integer({ minimum: 1, maximum: MAX_DELAY_SECONDS });
const Lease = Type.Integer({ minimum: 1, maximum: MAX_LEASE_SECONDS });
const RetrySeconds = Type.Integer({ minimum: 1, maximum: 86_400 });
const Attempts = Type.Integer({ minimum: 1, maximum: 100 });
const FENCE = '01JGFJK4M8Q2W6E0R4T8Y2U6A0';
const Fence = Type.String({ minLength: 1, maxLength: 256, description: 'as the claim gave it', examples: [FENCE] });
const anyJson = (description: string, example?: unknown) =>
  Type.Unknown({ description, ...(example === undefined ? {} : { examples: [example] }) });
const givenJson = () =>
  anyJson('Any JSON of at most 32 KiB; a whole number that a 64-bit float cannot hold is refused');

const QueueName = Type.String({ ...Id, examples: ['mails'] });
const TaskId = Type.String({ ...Id, examples: ['welcome-ada'] });

export const QueueParams = Type.Object({ queue: QueueName });
export const TaskParams = Type.Object({ taskId: TaskId });
export const TaskOfQueueParams = Type.Object({ queue: QueueName, taskId: TaskId });

export const NewTask = Type.Object(
  {
    payload: givenJson(),
    delaySeconds: Type.Optional(Delay),
    expiresInSeconds: Type.Optional(Lifetime),
    maxAttempts: Type.Optional(Attempts),
    taskId: Type.Optional(TaskId),
  },
  {
    additionalProperties: false,
    examples: [{ payload: { to: 'ada@example.org', template: 'welcome' }, delaySeconds: 60, taskId: 'welcome-ada' }],
  },
);

export const NewTasks = Type.Object(
  { tasks: Type.Array(NewTask, { minItems: 1, maxItems: 100 }) },
  { additionalProperties: false },
);

/** Names and values of headers as RFC 9110 §5 has them. */
const HeaderName = Type.String({
  pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$",
  description: '1–64 letters, digits and signs of names',
});
const HeaderValue = Type.String({
  pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$',
  maxLength: 2_048,
  description: 'visible ASCII characters, with blanks between them alone',
});

export const QueueDraft = Type.Object(
  {
    order: Type.Optional(Type.Enum(['lifo', 'fifo', 'adaptive'])),
    deadlineSeconds: Type.Optional(Lifetime),
    maxPending: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
    leaseSeconds: Type.Optional(Lease),
    maxAttempts: Type.Optional(Attempts),
    retry: Type.Optional(
      Type.Object(
        { firstSeconds: Type.Optional(RetrySeconds), maxSeconds: Type.Optional(RetrySeconds) },
        { additionalProperties: false, description: 'Bounds of the wait before the second attempt, and of every wait' },
      ),
    ),
    runner: Type.Optional(
      Type.Object(
        {
          url: Type.String({
            maxLength: 2_048,
            description: 'http:// or https://, and a host that the setting RUNNER_HOSTS allows',
            [DOCUMENTED]: { format: 'uri', pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]' },
          }),
          timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 900_000 })),
          concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
          ratePerSecond: Type.Optional(Type.Number({ minimum: 0.01, maximum: 10_000 })),
          headers: Type.Optional(
            MapOf(HeaderValue, { propertyNames: HeaderName, maxProperties: 10, description: 'sent with each call' }),
          ),
          secret: Type.Optional(
            Type.String({ pattern: '^(\\*\\*\\*|.{16,128})$', description: '16 to 128 characters; signs each call' }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        order: 'adaptive',
        maxAttempts: 20,
        retry: { firstSeconds: 1, maxSeconds: 3_600 },
        runner: { url: 'https://mails.example.org/send', timeoutMs: 10_000, concurrency: 4 },
      },
    ],
  },
);

export const TaskListQuery = Type.Object(
  {
    ...PageQuery.properties,
    status: Type.Enum(['PENDING', 'TAKEN', 'FAILURE', 'SHED', 'CANCELLED']),
  },
  { additionalProperties: false },
);

export const PurgeQuery = Type.Object(
  { status: Type.Enum(['PENDING', 'FAILURE', 'SHED', 'CANCELLED']) },
  { additionalProperties: false },
);

export const RedriveRequest = Type.Object(
  {
    status: Type.Optional(Type.Enum(['FAILURE', 'SHED'])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  },
  { additionalProperties: false, examples: [{ status: 'SHED', limit: 100 }] },
);

export const ClaimRequest = Type.Object(
  {
    max: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
    leaseSeconds: Type.Optional(Lease),
    waitSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 20 })),
    worker: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'Who claims; shown with the task' }),
    ),
  },
  { additionalProperties: false, examples: [{ max: 10, leaseSeconds: 60, waitSeconds: 5, worker: 'mailer-1' }] },
);

export const Heartbeat = Type.Object(
  { fence: Fence, leaseSeconds: Type.Optional(Lease) },
  { additionalProperties: false, examples: [{ fence: FENCE, leaseSeconds: 60 }] },
);
export const Completion = Type.Object(
  { fence: Fence, result: Type.Optional(givenJson()) },
  { additionalProperties: false, examples: [{ fence: FENCE, result: { messageId: '17' } }] },
);
export const Failure = Type.Object(
  {
    fence: Fence,
    error: Type.String({ maxLength: 2_000 }),
    retry: Type.Optional(Type.Boolean()),
    retryInSeconds: Type.Optional(Delay),
  },
  {
    additionalProperties: false,
    examples: [{ fence: FENCE, error: 'The mail server is busy', retry: true, retryInSeconds: 30 }],
  },
);
export const Release = Type.Object(
  { fence: Fence, delaySeconds: Type.Optional(Delay) },
  { additionalProperties: false, examples: [{ fence: FENCE, delaySeconds: 5 }] },
);

const newTaskExample = {
  taskId: 'welcome-ada',
  queue: 'mails',
  status: 'PENDING',
  attempt: 0,
  maxAttempts: 20,
  payload: { to: 'ada@example.org', template: 'welcome' },
  createdAt: '2027-01-01T10:00:00.000Z',
  notBefore: '2027-01-01T10:01:00.000Z',
  expiresAt: '2027-01-02T10:01:00.000Z',
  history: [],
};
const taskExample = {
  ...newTaskExample,
  attempt: 1,
  error: 'The mail server is busy',
  notBefore: '2027-01-01T10:01:02.000Z',
  claimedAt: '2027-01-01T10:01:00.000Z',
  history: [
    {
      attempt: 1,
      claimedAt: '2027-01-01T10:01:00.000Z',
      endedAt: '2027-01-01T10:01:01.000Z',
      worker: 'mailer-1',
      outcome: 'failed',
      error: 'The mail server is busy',
    },
  ],
};

const taskFields = {
  taskId: Type.String(),
  queue: Type.String(),
  status: Type.String({ enum: ['PENDING', 'TAKEN', 'SUCCESS', 'FAILURE', 'SHED', 'CANCELLED'] }),
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
  worker: Type.Optional(Type.String({ description: 'Who has the last claim' })),
  history: Type.Array(
    Type.Object({
      attempt: Type.Integer(),
      claimedAt: Timestamp,
      endedAt: Timestamp,
      worker: Type.Optional(Type.String()),
      outcome: Type.String({ enum: ['succeeded', 'failed', 'released', 'expired', 'cancelled'] }),
      error: Type.Optional(Type.String({ description: 'The beginning of what went wrong, or a remark' })),
    }),
    { description: 'The last 20 ends of attempts, oldest first' },
  ),
};

export const TaskBody = Type.Object(taskFields, {
  title: 'Task',
  description: 'The task as it is now',
  examples: [taskExample],
});

export const EnqueuedTask = Type.Object(taskFields, {
  title: 'Task',
  description: 'The task is in the queue',
  examples: [newTaskExample],
  headers: {
    location: Type.String({ description: 'Path of the task' }),
    'idempotent-replayed': Type.String({ description: '`true` if it had been enqueued before' }),
  },
});

export const TaskList = Type.Object(
  { tasks: Type.Array(TaskBody), nextCursor: NextCursor },
  { description: 'A page of tasks, with `nextCursor` while there may be more' },
);

export const ClaimedTasks = Type.Object(
  {
    tasks: Type.Array(
      Type.Object({
        taskId: Type.String({ examples: [taskExample.taskId] }),
        payload: anyJson('As it was enqueued', taskExample.payload),
        attempt: Type.Integer({ examples: [2] }),
        maxAttempts: Type.Integer({ examples: [20] }),
        fence: Type.String({ description: 'Send it with every call for this task', examples: [FENCE] }),
        leaseUntil: Timestamp,
        createdAt: Timestamp,
        expiresAt: Timestamp,
      }),
    ),
  },
  { description: 'What was claimed, which may be nothing' },
);

const settingsExample = {
  queue: 'mails',
  order: 'adaptive',
  deadlineSeconds: 86_400,
  maxPending: 100_000,
  leaseSeconds: 30,
  maxAttempts: 20,
  retry: { firstSeconds: 1, maxSeconds: 3_600 },
  paused: false,
  runner: { url: 'https://mails.example.org/send', timeoutMs: 10_000, concurrency: 4 },
};

const settingsFields = {
  queue: Type.String(),
  order: Type.String({ enum: ['lifo', 'fifo', 'adaptive'] }),
  deadlineSeconds: Type.Integer(),
  maxPending: Type.Integer(),
  leaseSeconds: Type.Integer(),
  maxAttempts: Type.Integer(),
  retry: Type.Object({ firstSeconds: Type.Integer(), maxSeconds: Type.Integer() }),
  paused: Type.Boolean({ description: 'Whether nobody can claim' }),
  runner: Type.Optional(
    Type.Object({
      url: Type.String(),
      timeoutMs: Type.Integer(),
      concurrency: Type.Integer(),
      ratePerSecond: Type.Optional(Type.Number()),
      headers: Type.Optional(MapOf(Type.String(), { description: 'With *** for each value' })),
      secret: Type.Optional(Type.String({ description: 'Hidden, as the values of headers are' })),
    }),
  ),
};

const etag = Type.String({ description: 'Names the settings that were put' });

export const QueueSettingsBody = Type.Object(settingsFields, {
  title: 'QueueSettings',
  description: 'The settings, all of them',
  examples: [settingsExample],
  headers: { etag },
});

const ageMs = Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'null when nothing is pending' });

export const QueueBody = Type.Object(
  {
    ...settingsFields,
    effectiveOrder: Type.String({ enum: ['lifo', 'fifo'] }),
    breaker: Type.String({
      enum: ['closed', 'open'],
      description:
        'Open while the service of the runner is away: it gets one call at a time, to see whether it is back',
    }),
    pending: Type.Integer(),
    delayed: Type.Integer({ description: 'Of the pending ones, those that are not due' }),
    taken: Type.Integer({
      description:
        'Claimed and not ended; one whose lease ran out stays among them, and waits for somebody to claim it',
    }),
    deadLetters: Type.Integer({ description: 'Tasks in FAILURE' }),
    oldestPendingAgeMs: ageMs,
    newestPendingAgeMs: ageMs,
    oldestDueAgeMs: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      description:
        'Since the task became due that has waited longest, one whose lease ran out included; null when none is',
    }),
    throughputPerSecond: Type.Number({ description: 'Tasks finished per second lately' }),
    counters: Type.Object({
      enqueued: Type.Integer(),
      succeeded: Type.Integer(),
      failed: Type.Integer(),
      shed: Type.Integer(),
      cancelled: Type.Integer(),
      redriven: Type.Integer(),
      refused: Type.Integer({ description: 'Enqueues refused because the queue was full' }),
    }),
    approximate: Type.Optional(Type.Array(Type.String(), { description: 'Names of the figures that are not exact' })),
  },
  {
    title: 'Queue',
    description: 'The queue: its settings, what it holds, what it has done',
    examples: [
      {
        ...settingsExample,
        effectiveOrder: 'fifo',
        breaker: 'closed',
        pending: 3,
        delayed: 1,
        taken: 2,
        deadLetters: 1,
        oldestPendingAgeMs: 62_000,
        newestPendingAgeMs: 800,
        oldestDueAgeMs: 2_000,
        throughputPerSecond: 1.5,
        counters: { enqueued: 100, succeeded: 92, failed: 1, shed: 2, cancelled: 0, redriven: 0, refused: 0 },
      },
    ],
  },
);

/** As the list has it, under the name of its settings. */
export const QueueAnswer = { ...QueueBody, headers: { etag } };

export const QueueList = Type.Object(
  { queues: Type.Array(QueueBody), nextCursor: NextCursor },
  { description: 'A page of queues, with `nextCursor` while there are more' },
);

export const Redriven = Type.Object(
  { redriven: Type.Integer({ examples: [12] }) },
  { description: 'How many are back in the queue' },
);

export const Removed = Type.Object({ removed: Type.Integer({ examples: [12] }) }, { description: 'How many are gone' });

export const Nothing = Type.Null({ description: 'Done' });

const { status, title } = generalProblems.IDEMPOTENCY_KEY_REUSED as Problem;
const IDENTITY_REUSED = { code: 'IDEMPOTENCY_KEY_REUSED', status, title };

export const BatchResults = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        task: Type.Optional(TaskBody),
        problem: Type.Optional(
          Type.Object(
            { code: Type.String(), status: Type.Integer(), title: Type.String() },
            { additionalProperties: true, description: 'As it would have been answered with alone' },
          ),
        ),
      }),
    ),
  },
  {
    description: 'What became of each task, in order',
    examples: [{ results: [{ task: newTaskExample }, { problem: IDENTITY_REUSED }] }],
  },
);
