import type { Readable } from 'node:stream';
import * as Type from 'typebox';
import { MAX_CHOICES, MAX_QUESTIONS } from '../../../domain/votes/poll.ts';
import { exampleOf } from '../examples.ts';
import { DOCUMENTED, Id, Identity, MapOf, NextCursor, PLAIN_TEXT, Timestamp } from '../schemas.ts';
import { TIME_PATTERN } from './time.ts';

export { PreconditionHeaders } from '../preconditions.ts';
export { Id, IdempotencyHeaders, PageQuery } from '../schemas.ts';

export const Time = Type.String({
  pattern: TIME_PATTERN,
  description: 'a time in ISO 8601 with its offset, such as 2027-01-01T10:00Z or 2027-01-01T10:00:00.000+02:00',
  [DOCUMENTED]: { pattern: undefined, format: 'date-time' },
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

const PollId = Type.String({ ...Id, examples: ['colors'] });
const Region = Type.String({
  pattern: '^[a-z0-9-]{1,32}$',
  description: 'the name of a region',
  examples: ['eu-west-1'],
});

export const PollParams = Type.Object({ pollId: PollId });

const Questions = Type.Array(
  Type.Object(
    { id: Type.String({ ...Id, examples: ['why'] }), text: Text(280) },
    { additionalProperties: false, examples: [{ id: 'why', text: 'Why?' }] },
  ),
  { maxItems: MAX_QUESTIONS, description: 'what is asked beside a vote' },
);

const notifySeconds = {
  quietSeconds: Type.Optional(
    Type.Integer({
      minimum: 5,
      maximum: 3_600,
      description: 'how long a feedback must not have changed; 60 unless given',
    }),
  ),
  maxSeconds: Type.Optional(
    Type.Integer({
      minimum: 5,
      maximum: 86_400,
      description: 'after so long it is told at the latest; 900 unless given',
    }),
  ),
};

const NewNotify = Type.Object(
  {
    url: Type.Optional(
      Type.String({ minLength: 1, maxLength: 2_048, description: 'address of a service that is told' }),
    ),
    slack: Type.Optional(Type.Literal(true, { description: 'tells the Slack channel of the service' })),
    ...notifySeconds,
  },
  { additionalProperties: false, description: 'who is told of feedback', examples: [{ slack: true }] },
);

const Notify = Type.Object({
  url: Type.Optional(Type.String({ description: 'Never shown: `***`' })),
  slack: Type.Optional(Type.Literal(true)),
  quietSeconds: Type.Integer(),
  maxSeconds: Type.Integer(),
});

export const NewPoll = Type.Object(
  {
    pollId: Type.Optional(PollId),
    question: Text(280),
    choices: Type.Array(Text(40), { minItems: 2, maxItems: MAX_CHOICES, [DOCUMENTED]: { uniqueItems: true } }),
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
    questions: Type.Optional(Questions),
    notify: Type.Optional(NewNotify),
  },
  {
    additionalProperties: false,
    examples: [
      {
        pollId: 'lunch',
        question: 'What is for lunch?',
        choices: ['PIZZA', 'SUSHI', 'TACOS'],
        closesAt: '2040-01-01T12:00:00+01:00',
        voterLimit: 'one',
      },
    ],
  },
);

export const ClosePoll = Type.Object(
  {
    withoutRegions: Type.Optional(
      Type.Array(Region, {
        maxItems: 32,
        description: 'regions that are lost',
      }),
    ),
  },
  { additionalProperties: false, examples: [{}] },
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
  {
    description: 'Counts of this region’s ballots that must agree',
    examples: [{ ballots: 42, shards: 42, tally: 42, drift: 0, doubleVoters: 0, at: '2027-01-01T11:00:01.000Z' }],
  },
);

const pollExample = {
  pollId: 'colors',
  question: 'Which color?',
  choices: ['RED', 'GREEN', 'BLUE'],
  closesAt: '2027-01-01T11:00:00.000Z',
  voterLimit: 'one',
  channels: ['sms', 'web'],
  hideUntilClose: false,
  status: 'open',
  createdAt: '2027-01-01T10:00:00.000Z',
};

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
  questions: Type.Optional(Type.Array(Type.Object({ id: Type.String(), text: Type.String() }))),
  notify: Type.Optional(Notify),
  status: Type.String({ enum: ['scheduled', 'open', 'closed'] }),
  createdAt: Timestamp,
  closedAt: Type.Optional(Timestamp),
  closedBy: Type.Optional(Type.String({ description: 'Name of the key, `token` or `schedule`' })),
  final: Type.Optional(Type.Boolean({ description: 'Whether the count is over' })),
  audit: Type.Optional(Audit),
};

export const PollBody = Type.Object(pollFields, {
  title: 'Poll',
  description: 'The poll',
  examples: [pollExample],
});

export const CreatedPoll = Type.Object(pollFields, {
  title: 'Poll',
  description: 'The poll',
  examples: [pollExample],
  headers: { location: Type.String({ description: 'Path of the poll' }) },
});

export const PollList = Type.Object(
  { polls: Type.Array(PollBody), nextCursor: NextCursor },
  { description: 'A page of polls, with `nextCursor` while there are more' },
);

export const ClosedPoll = Type.Object(
  { ...pollFields, audit: Audit },
  {
    description: 'The closed poll with its audit',
    examples: [
      {
        ...pollExample,
        status: 'closed',
        closedAt: '2027-01-01T11:00:00.000Z',
        closedBy: 'schedule',
        final: true,
        audit: exampleOf(Audit),
      },
    ],
  },
);

export const RecountBody = Type.Object(
  {
    before: Type.Integer({ examples: [42] }),
    after: Type.Integer({ examples: [42] }),
    drift: Type.Integer({ description: 'After minus before', examples: [0] }),
  },
  { description: 'Totals before and after' },
);

export const NewVote = Type.Object(
  {
    choice: Type.String({ minLength: 1 }),
    voter: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    voteId: Type.Optional(Identity),
  },
  { additionalProperties: false, examples: [{ choice: 'RED', voter: 'ada@example.org' }] },
);

export const VoteReceipt = Type.Object(
  {
    voteId: Type.String({ examples: ['01JGFJJZ00V3T2Q9K8W7M6N5P4'] }),
    pollId: Type.String({ examples: ['colors'] }),
    choice: Type.String({ examples: ['RED'] }),
    acceptedAt: Timestamp,
  },
  {
    description: 'The vote is counted',
    headers: { 'idempotent-replayed': Type.String({ description: '`true` if it had been counted before' }) },
  },
);

/** Text of several lines that a person writes. */
const AnswerText = Type.String({
  maxLength: 1_000,
  pattern: '^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$',
  format: PLAIN_TEXT,
  description: 'up to 1,000 characters, none of them a control character or noncharacter but tabs and line breaks',
});

export const VoteParams = Type.Object({
  pollId: PollId,
  voteId: Type.String({
    description: 'Identity of the vote, percent-encoded, or `~` and its base64url',
    examples: ['mail-7-reader-4711-2b9c'],
  }),
});

export const NewAnswers = Type.Object(
  {
    answers: MapOf(AnswerText, {
      minProperties: 1,
      maxProperties: MAX_QUESTIONS,
      description: 'Texts by id of the question',
    }),
  },
  { additionalProperties: false, examples: [{ answers: { why: 'The examples helped.' } }] },
);

const answersFields = {
  choice: Type.String({ examples: ['RED'] }),
  answers: MapOf(Type.String(), { examples: [{ why: 'The examples helped.' }] }),
  revision: Type.Integer({ description: 'Rises with each change of the answers', examples: [1] }),
};

export const AnswersOfVote = Type.Object(
  {
    voteId: Type.String({ examples: ['mail-7-reader-4711-2b9c'] }),
    pollId: Type.String({ examples: ['colors'] }),
    ...answersFields,
  },
  {
    description: 'The vote with all that was said beside it',
    headers: { etag: Type.String({ description: 'Names the answers; absent while nothing was said' }) },
  },
);

const AnswersPage = Type.Object(
  {
    answers: Type.Array(
      Type.Object({
        ballot: Type.String({
          description: 'Pseudonym of the vote, the same in the table',
          examples: ['b0lDR3ZUAz5wVqYJdnZCH5lX0dZB9nT3gQ8m1cH2kP4s'],
        }),
        ...answersFields,
      }),
    ),
    nextCursor: NextCursor,
  },
  { description: 'A page of answers, with `nextCursor` while there are more' },
);

export const AnswersAnswer = {
  description: 'What voters said',
  headers: { vary: Type.String({ description: 'The headers by which the answer differs' }) },
  content: {
    'application/json': { schema: AnswersPage },
    'text/csv': {
      schema: Type.Unsafe<Readable | string>({
        type: 'string',
        description: 'Columns `ballot`, `choice`, `revision`, and one for each question',
        examples: [
          'ballot,choice,revision,why\r\n0lDR3ZUAz5wVqYJdnZCH5lX0dZB9nT3gQ8m1cH2kP4s,RED,1,The examples helped.\r\n',
        ],
      }),
    },
  },
};

export const VotingLink = Type.Object({
  choice: Type.Optional(Type.String({ description: 'A choice to mark', examples: ['RED'] })),
  v: Type.Optional(Type.String({ description: 'Identity of the vote', examples: ['mail-7-reader-4711-2b9c'] })),
});

export const VotingForm = Type.Object(
  {
    choice: Type.Optional(Type.String({ minLength: 1 })),
    v: Type.Optional(Identity),
    voter: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  },
  {
    patternProperties: { '^answers\\.': AnswerText },
    additionalProperties: false,
    examples: [{ choice: 'RED', v: 'mail-7-reader-4711-2b9c' }],
  },
);

const PageText = Type.String({ examples: ['<!doctype html>'] });

export const Page = { description: 'The page', content: { 'text/html': { schema: PageText } } };

export const ToVotingPage = Type.Null({
  description: 'It counts; the page says so',
  headers: { location: Type.String({ description: 'The page, with the identity of the vote' }) },
});

const orNull = (type: 'integer' | 'number') => Type.Unsafe<number | null>({ type: [type, 'null'] });

const resultsExample = {
  pollId: 'colors',
  status: 'open',
  total: 42,
  ballots: 42,
  choices: [
    { choice: 'RED', votes: 21, share: 0.5 },
    { choice: 'GREEN', votes: 14, share: 0.3333 },
    { choice: 'BLUE', votes: 7, share: 0.1667 },
  ],
  revision: 42,
  asOf: '2027-01-01T10:30:00.000Z',
  lagMs: 120,
  completeUpTo: '2027-01-01T10:29:58.000Z',
  stale: false,
  staleAfterSeconds: 15,
  final: false,
};

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
  {
    title: 'Results',
    description: 'The results; while the poll hides them, all figures but `ballots` are null',
    examples: [resultsExample],
  },
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
      schema: Type.String({
        description: 'Columns `choice`, `votes` and `share`; what is hidden is empty',
        examples: ['choice,votes,share\r\nRED,21,0.5\r\nGREEN,14,0.3333\r\nBLUE,7,0.1667\r\n'],
      }),
    },
  },
};

/** Twilio sends more fields than these, and new ones without notice. */
export const SmsForm = Type.Object({
  MessageSid: Type.String({ ...Identity, examples: ['SM0123456789abcdef0123456789abcdef'] }),
  From: Type.String({ minLength: 1, maxLength: 256, examples: ['+15005550010'] }),
  To: Type.String({ minLength: 1, maxLength: 256, examples: ['+15005550006'] }),
  Body: Type.String({ examples: ['Red'] }),
  OptOutType: Type.Optional(
    Type.String({ description: '`STOP`, `START` or `HELP` where Twilio took the text as such' }),
  ),
});

export const TwilioHeaders = Type.Object({
  'x-twilio-signature': Type.Optional(Type.String({ description: 'Needed once `TWILIO_AUTH_TOKEN` is set' })),
});

const TwimlText = Type.String({
  examples: ['<?xml version="1.0" encoding="UTF-8"?><Response><Message>Your vote for RED counts.</Message></Response>'],
});

export const TwiML = { description: 'TwiML', content: { 'text/xml': { schema: TwimlText } } };

const Accept = Type.Optional(Type.String({ description: '`text/csv` for a table' }));
export const TableHeaders = Type.Object({ accept: Accept });

export const ResultsHeaders = Type.Object({
  'if-none-match': Type.Optional(Type.String({ description: '`ETag` of an answer before' })),
  accept: Accept,
});

/** Without a type: OpenAPI 3.1 has no schema for a stream, and tools would hold each event to that of the whole. */
const Events = Type.Unsafe<Readable>({
  examples: [`retry: 1000\n\nevent: results\nid: 42\ndata: ${JSON.stringify(resultsExample)}\n\n`],
});

export const ResultEvents = {
  description: 'Server-sent events; the data of each is the body of the results',
  content: { 'text/event-stream': { schema: Events } },
};
