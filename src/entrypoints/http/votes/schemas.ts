import type { Readable } from 'node:stream';
import * as Type from 'typebox';
import { MAX_CHOICES } from '../../../domain/votes/poll.ts';
import { Id, Identity, PLAIN_TEXT, Timestamp } from '../schemas.ts';
import { TIME_PATTERN } from './time.ts';

export { Id, IdempotencyHeaders, PageQuery } from '../schemas.ts';

export const Time = Type.String({
  pattern: TIME_PATTERN,
  description: 'a time in ISO 8601 with its offset, such as 2027-01-01T10:00Z or 2027-01-01T10:00:00.000+02:00',
});
/** Text that a person reads. What is refused cannot travel in the XML that carries a choice to a phone. */
const Text = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: '^[^\\x00-\\x1f\\x7f-\\x9f]*$',
    format: PLAIN_TEXT,
    description: `1–${maxLength} characters, none of them a control character or noncharacter`,
  });

export const PollParams = Type.Object({ pollId: Id });

export const NewPoll = Type.Object(
  {
    pollId: Type.Optional(Id),
    question: Text(280),
    choices: Type.Array(Text(40), { minItems: 2, maxItems: MAX_CHOICES }),
    opensAt: Type.Optional(Time),
    closesAt: Type.Optional(Time),
    voterLimit: Type.Optional(Type.Enum(['none', 'one'])),
    channels: Type.Optional(
      Type.Array(Type.Enum(['sms', 'web']), {
        minItems: 1,
        uniqueItems: true,
        description: 'by which channels votes may come; all unless given',
      }),
    ),
    hideUntilClose: Type.Optional(Type.Boolean()),
    smsNumber: Type.Optional(
      Type.String({
        pattern: '^(\\+[1-9][0-9]{1,14}|[0-9]{3,8})$',
        description: 'a phone number in E.164, such as +15005550006, or a short code of 3 to 8 digits',
      }),
    ),
  },
  { additionalProperties: false },
);

export const ClosePoll = Type.Object(
  {
    withoutRegions: Type.Optional(
      Type.Array(Type.String({ pattern: '^[a-z0-9-]{1,32}$', description: 'the name of a region' }), {
        maxItems: 32,
        description: 'regions that are lost',
      }),
    ),
  },
  { additionalProperties: false },
);

const Audit = Type.Object(
  {
    ballots: Type.Integer(),
    shards: Type.Integer(),
    tally: Type.Integer(),
    drift: Type.Integer({ description: 'Tally minus ballots' }),
    doubleVoters: Type.Integer({ description: 'Voters who voted in several regions' }),
    at: Timestamp,
    withoutRegions: Type.Optional(Type.Array(Type.String())),
  },
  { description: 'Counts of this region’s ballots that must agree' },
);

const pollFields = {
  pollId: Type.String(),
  question: Type.String(),
  choices: Type.Array(Type.String()),
  opensAt: Type.Optional(Timestamp),
  closesAt: Type.Optional(Timestamp),
  voterLimit: Type.String({ enum: ['none', 'one'] }),
  channels: Type.Array(Type.String({ enum: ['sms', 'web'] })),
  hideUntilClose: Type.Boolean(),
  smsNumber: Type.Optional(Type.String()),
  status: Type.String({ enum: ['scheduled', 'open', 'closed'] }),
  createdAt: Timestamp,
  closedAt: Type.Optional(Timestamp),
  closedBy: Type.Optional(Type.String({ description: 'Name of the key, `token` or `schedule`' })),
  final: Type.Optional(Type.Boolean({ description: 'Whether the count is over' })),
  audit: Type.Optional(Audit),
};

export const PollBody = Type.Object(pollFields, { title: 'Poll', description: 'The poll' });

export const CreatedPoll = Type.Object(pollFields, {
  title: 'Poll',
  description: 'The poll',
  headers: { location: Type.String({ description: 'Path of the poll' }) },
});

export const PollList = Type.Object(
  { polls: Type.Array(PollBody), nextCursor: Type.Optional(Type.String()) },
  { description: 'A page of polls, with `nextCursor` while there are more' },
);

export const ClosedPoll = Type.Object(
  { ...pollFields, audit: Audit },
  { description: 'The closed poll with its audit' },
);

export const RecountBody = Type.Object(
  {
    before: Type.Integer(),
    after: Type.Integer(),
    drift: Type.Integer({ description: 'After minus before' }),
  },
  { description: 'Totals before and after' },
);

export const NewVote = Type.Object(
  {
    choice: Type.String({ minLength: 1 }),
    voter: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    voteId: Type.Optional(Identity),
  },
  { additionalProperties: false },
);

export const VoteReceipt = Type.Object(
  { voteId: Type.String(), pollId: Type.String(), choice: Type.String(), acceptedAt: Timestamp },
  {
    description: 'The vote is counted',
    headers: { 'idempotent-replayed': Type.String({ description: '`true` if it had been counted before' }) },
  },
);

const orNull = (type: 'integer' | 'number') => Type.Unsafe<number | null>({ type: [type, 'null'] });

export const ResultsBody = Type.Object(
  {
    pollId: Type.String(),
    status: Type.String({ enum: ['scheduled', 'open', 'closed'] }),
    hidden: Type.Optional(Type.Literal(true)),
    total: orNull('integer'),
    ballots: Type.Integer(),
    choices: Type.Array(Type.Object({ choice: Type.String(), votes: orNull('integer'), share: orNull('number') })),
    revision: orNull('integer'),
    asOf: Timestamp,
    lagMs: orNull('integer'),
    completeUpTo: Type.String({
      format: 'date-time',
      description: 'Every vote that was answered before this time is counted',
    }),
    stale: Type.Boolean({ description: 'Whether that is longer ago than `staleAfterSeconds` while votes may come' }),
    staleAfterSeconds: Type.Integer(),
    final: Type.Boolean({ description: 'Whether no vote can come any more, all are counted and the audit is made' }),
    regions: Type.Optional(Type.Array(Type.Object({ region: Type.String(), open: Type.Boolean() }))),
  },
  { title: 'Results', description: 'The results; while the poll hides them, all figures but `ballots` are null' },
);

export const ResultsAnswer = {
  description: 'The results',
  headers: {
    etag: Type.String({ description: 'Changes with the tally, the status, `stale` and `final`' }),
    vary: Type.String({ description: 'The headers by which the answer differs' }),
  },
  content: {
    'application/json': { schema: ResultsBody },
    'text/csv': {
      schema: Type.String({ description: 'Columns `choice`, `votes` and `share`; what is hidden is empty' }),
    },
  },
};

/** Twilio sends more fields than these, and new ones without notice. */
export const SmsForm = Type.Object({
  MessageSid: Identity,
  From: Type.String({ minLength: 1, maxLength: 256 }),
  To: Type.String({ minLength: 1, maxLength: 256 }),
  Body: Type.String(),
  OptOutType: Type.Optional(
    Type.String({ description: '`STOP`, `START` or `HELP` where Twilio took the text as such' }),
  ),
});

export const TwilioHeaders = Type.Object({
  'x-twilio-signature': Type.Optional(Type.String({ description: 'Needed once `TWILIO_AUTH_TOKEN` is set' })),
});

export const TwiML = { description: 'TwiML', content: { 'text/xml': { schema: Type.String() } } };

export const ResultsHeaders = Type.Object({
  'if-none-match': Type.Optional(Type.String({ description: '`ETag` of an answer before' })),
  accept: Type.Optional(Type.String({ description: '`text/csv` for a table' })),
});

export const ResultEvents = {
  description: 'Server-sent events; the data of each is the body of the results',
  content: { 'text/event-stream': { schema: Type.Unsafe<Readable>({ type: 'string' }) } },
};
