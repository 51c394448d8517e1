import * as Type from 'typebox';
import { PATH_VALUE } from '../path-value.ts';
import { DOCUMENTED, Id, NextCursor, Timestamp } from '../schemas.ts';

export { PreconditionHeaders } from '../preconditions.ts';
export { IdempotencyHeaders, PageQuery } from '../schemas.ts';

/** The domain says which numbers it can count with. */
const whole = (description: string, example: number) =>
  Type.Integer({ description, examples: [example], [DOCUMENTED]: { minimum: 1 } });

const Rate = Type.Object(
  {
    requests: whole('Requests per period', 100),
    perSeconds: whole('Length of the period in seconds, at most a day', 1),
    burst: whole('Most requests at once', 200),
  },
  { additionalProperties: false, description: 'A token bucket' },
);
const Quota = Type.Object(
  {
    requests: whole('Requests per period', 10_000),
    per: Type.String({ enum: ['hour', 'day', 'month'], description: 'The period, of UTC', examples: ['day'] }),
  },
  { additionalProperties: false, description: 'A count that begins anew with each period' },
);

const settings = {
  rate: Type.Optional(Rate),
  quota: Type.Optional(Quota),
  mode: Type.Optional(
    Type.String({
      enum: ['enforce', 'shadow'],
      description: '`shadow`: nothing is refused, and answers tell what would have been; `enforce` unless given',
    }),
  ),
  accuracy: Type.Optional(
    Type.String({
      enum: ['exact', 'leased'],
      description:
        '`leased`: a process takes several at once from the store, which is cheaper and never above the limit; `exact` unless given',
    }),
  ),
  onStoreFailure: Type.Optional(
    Type.String({
      enum: ['open', 'closed', 'local'],
      description:
        'What a take is answered while the store is away: allowed, 503, or by this process’s share of the limit (`local`, unless given)',
    }),
  ),
};

export const NewLimit = Type.Object(settings, { additionalProperties: false });

const counts = {
  allowed: Type.Integer({ description: 'Takes that were allowed, up to some seconds ago', examples: [1_200] }),
  refused: Type.Integer({ description: 'Takes that were refused, or would have been in shadow mode', examples: [17] }),
  degraded: Type.Integer({ description: 'Takes that were answered without the store', examples: [0] }),
};

const limitFields = {
  policyId: Type.String({ examples: ['partner-api'] }),
  rate: Type.Optional(
    Type.Object(
      { requests: Type.Integer(), perSeconds: Type.Integer(), burst: Type.Integer() },
      {
        examples: [{ requests: 100, perSeconds: 1, burst: 200 }],
      },
    ),
  ),
  quota: Type.Optional(
    Type.Object({ requests: Type.Integer(), per: Type.String() }, { examples: [{ requests: 10_000, per: 'day' }] }),
  ),
  mode: Type.String({ examples: ['enforce'] }),
  accuracy: Type.String({ examples: ['exact'] }),
  onStoreFailure: Type.String({ examples: ['local'] }),
  updatedAt: Timestamp,
  ...counts,
};

const etag = Type.String({ description: 'Names what was put; counts do not change it' });

export const LimitBody = Type.Object(limitFields, { title: 'Limit', description: 'The limit', headers: { etag } });

export const CreatedLimit = Type.Object(limitFields, {
  title: 'Limit',
  description: 'The new limit',
  headers: { location: Type.String({ description: 'Path of the limit' }), etag },
});

export const LimitList = Type.Object(
  { limits: Type.Array(Type.Object(limitFields, { title: 'Limit' })), nextCursor: NextCursor },
  { description: 'A page of limits, with `nextCursor` while there are more' },
);

export const LimitParams = Type.Object({ policyId: { ...Id, examples: ['partner-api'] } });

export const KeyParams = Type.Object({
  policyId: { ...Id, examples: ['partner-api'] },
  key: Type.String({ description: PATH_VALUE, examples: ['client-7'] }),
});

export const NewTake = Type.Object(
  {
    key: Type.String({ description: 'Whose limit it is: 1–256 characters', examples: ['client-7'] }),
    cost: Type.Optional(whole('What it takes: at most the burst, or the quota; 1 unless given', 1)),
    dryRun: Type.Optional(Type.Boolean({ description: 'Takes nothing, and tells what a take would be answered' })),
  },
  { additionalProperties: false },
);

const rateLimitFields = {
  ratelimit: Type.String({ description: 'What is left, as draft-ietf-httpapi-ratelimit-headers says' }),
  'ratelimit-policy': Type.String({ description: 'What is limited, in the same way' }),
};

export const TakeBody = Type.Object(
  {
    allowed: Type.Boolean(),
    remaining: Type.Integer({ description: 'What passes now, if nobody else takes', examples: [199] }),
    resetSeconds: Type.Integer({ description: 'Seconds until all is there again, if nothing is taken', examples: [1] }),
    retryAfterMs: Type.Optional(Type.Integer({ description: 'Of a refusal: nothing of this cost passes earlier' })),
    violated: Type.Optional(Type.String({ enum: ['rate', 'quota'], description: 'Of a refusal: what refuses' })),
    wouldRefuse: Type.Optional(Type.Boolean({ description: 'In shadow mode: it would have been refused' })),
    degraded: Type.Boolean({ description: 'The limit was not the one of all processes', examples: [false] }),
  },
  {
    title: 'TakeAnswer',
    description: 'Whether it may be done; a refusal is an answer, too',
    examples: [{ allowed: true, remaining: 199, resetSeconds: 1, degraded: false }],
    headers: {
      ...rateLimitFields,
      'idempotent-replayed': Type.String({ description: '`true` where it was taken before, and nothing was now' }),
    },
  },
);

export const KeyBody = Type.Object(
  {
    key: Type.String({ examples: ['client-7'] }),
    remaining: Type.Integer({ description: 'What passes now, if nobody else takes', examples: [199] }),
    resetSeconds: Type.Integer({ description: 'Seconds until all is there again, if nothing is taken', examples: [1] }),
  },
  { title: 'LimitKey', description: 'What the key has' },
);

export const Nothing = Type.Null({ description: 'The key has everything again' });
