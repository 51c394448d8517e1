import { Type } from 'typebox';

export const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$', description: 'An id' });
export const Time = Type.String({ format: 'date-time', description: 'ISO 8601' });
export const Identity = Type.String({
  pattern: '^[\\x20-\\x7e]{1,128}$',
  description: '1–128 printable ASCII characters',
});
/** Text that a person reads: control characters have no place in it, nor in the XML that carries it to a phone. */
const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^\\P{Cc}*$' });

export const PollParams = Type.Object({ pollId: Id });

export const PageQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1–100, 20 unless given' })),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1024, description: '`nextCursor` of the page before' }),
    ),
  },
  { additionalProperties: false },
);

export const NewPoll = Type.Object(
  {
    pollId: Type.Optional(Id),
    question: Text(280),
    choices: Type.Array(Text(40), { minItems: 2, maxItems: 100 }),
    opensAt: Type.Optional(Time),
    closesAt: Type.Optional(Time),
    voterLimit: Type.Optional(Type.Union([Type.Literal('none'), Type.Literal('one')])),
    hideUntilClose: Type.Optional(Type.Boolean()),
    smsNumber: Type.Optional(Type.String({ pattern: '^\\+[1-9][0-9]{1,14}$', description: 'E.164' })),
  },
  { additionalProperties: false },
);

const pollFields = {
  pollId: Type.String(),
  question: Type.String(),
  choices: Type.Array(Type.String()),
  opensAt: Type.Optional(Type.String()),
  closesAt: Type.Optional(Type.String()),
  voterLimit: Type.String({ enum: ['none', 'one'] }),
  hideUntilClose: Type.Boolean(),
  smsNumber: Type.Optional(Type.String()),
  status: Type.String({ enum: ['scheduled', 'open', 'closed'] }),
  createdAt: Type.String(),
};

export const PollBody = Type.Object(pollFields);

export const PollList = Type.Object({ polls: Type.Array(PollBody), nextCursor: Type.Optional(Type.String()) });

export const ClosedPoll = Type.Object({
  ...pollFields,
  audit: Type.Object({
    ballots: Type.Integer(),
    shards: Type.Integer(),
    tally: Type.Integer(),
    drift: Type.Integer({ description: 'Tally minus ballots' }),
  }),
});

export const RecountBody = Type.Object({
  before: Type.Integer(),
  after: Type.Integer(),
  drift: Type.Integer({ description: 'After minus before' }),
});

export const NewVote = Type.Object(
  {
    choice: Type.String({ minLength: 1 }),
    voter: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    voteId: Type.Optional(Identity),
  },
  { additionalProperties: false },
);

export const IdempotencyHeaders = Type.Object({ 'idempotency-key': Type.Optional(Identity) });

export const VoteReceipt = Type.Object({
  voteId: Type.String(),
  pollId: Type.String(),
  choice: Type.String(),
  acceptedAt: Type.String(),
});

const orNull = (type: 'integer' | 'number') => Type.Unsafe<number | null>({ type: [type, 'null'] });

export const ResultsBody = Type.Object({
  pollId: Type.String(),
  status: Type.String({ enum: ['scheduled', 'open', 'closed'] }),
  hidden: Type.Optional(Type.Literal(true)),
  total: orNull('integer'),
  choices: Type.Array(Type.Object({ choice: Type.String(), votes: orNull('integer'), share: orNull('number') })),
  revision: orNull('integer'),
  asOf: Type.String(),
  lagMs: orNull('integer'),
});

/** Twilio sends more fields than these, and new ones without notice. */
export const SmsForm = Type.Object({
  MessageSid: Identity,
  From: Type.String({ minLength: 1, maxLength: 256 }),
  To: Type.String({ minLength: 1, maxLength: 256 }),
  Body: Type.String(),
});
