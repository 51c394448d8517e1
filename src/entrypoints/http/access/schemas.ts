import * as Type from 'typebox';
import { MAX_STATEMENTS } from '../../../domain/access/put-policy.ts';
import { MAX_STATEMENT_LENGTH, METHODS } from '../../../domain/shared/route-statement.ts';
import { exampleOf } from '../examples.ts';
import { DOCUMENTED, NextCursor, Timestamp } from '../schemas.ts';

export { PreconditionHeaders } from '../preconditions.ts';
export { PageQuery } from '../schemas.ts';

const SUBJECT_FORM = '`key:<name>`, `group:<name>` or `sub:<subject>`';
const subjectFormat = { pattern: '^(key|group|sub):[A-Za-z0-9._/|@ -]{1,320}$' };

export const SubjectParams = Type.Object({
  subject: Type.String({
    description: `${SUBJECT_FORM}, percent-encoded; or \`~\` and its base64url`,
    examples: ['key:reporting'],
    [DOCUMENTED]: subjectFormat,
  }),
});

export const ReadHeaders = Type.Object({
  'if-none-match': Type.Optional(Type.String({ description: '`ETag` of an answer before' })),
});

const Statements = (description: string) =>
  Type.Array(
    Type.String({
      maxLength: MAX_STATEMENT_LENGTH,
      examples: ['GET /queues/**'],
      [DOCUMENTED]: { pattern: `^(\\*|${METHODS.join('|')}) (/(\\*|[A-Za-z0-9_:-]+))+(/\\*\\*)?$` },
    }),
    { maxItems: MAX_STATEMENTS, description, examples: [['GET /queues/**']] },
  );

export const NewPolicy = Type.Object(
  {
    allow: Statements(
      'Requests that are allowed: `METHOD /path`, `*` for one segment or any method, `/**` for the rest',
    ),
    deny: Type.Optional(Statements('Requests that are refused, whatever allows them')),
  },
  { additionalProperties: false },
);

const statementList = Type.Array(Type.String(), { examples: [['GET /queues/**']] });

const policyFields = {
  subject: Type.String({ description: SUBJECT_FORM, examples: ['key:reporting'] }),
  allow: statementList,
  deny: Type.Array(Type.String(), { examples: [[]] }),
  revision: Type.Integer({ description: 'Of the change; it rises with each change of a policy', examples: [7] }),
  effectiveBy: Timestamp,
};
const headers = { etag: Type.String({ description: 'Names the revision' }) };

export const PolicyBody = Type.Object(policyFields, {
  title: 'Policy',
  description:
    'The policy; `effectiveBy` is the time from which every request that arrives anywhere is judged by it, at most 5 s ahead',
  headers,
});

export const DeletedPolicy = Type.Object(policyFields, {
  title: 'Policy',
  description:
    'The policy that was there; `revision` is that of its removal, and `effectiveBy` the time from which every request that ' +
    'arrives anywhere is judged without it, at most 5 s ahead',
});

export const NotModified = Type.Null({ description: 'Unchanged' });

export const PolicyList = Type.Object(
  { policies: Type.Array(Type.Object(policyFields, { title: 'Policy' })), nextCursor: NextCursor },
  {
    description: 'A page of policies, the one that was changed last at the end, with `nextCursor` while there are more',
  },
);

export const AccessBody = Type.Object(
  {
    subjects: Type.Array(Type.String(), { examples: [['key:reporting']] }),
    allow: statementList,
    deny: Type.Array(Type.String(), { examples: [[]] }),
  },
  { title: 'Access', description: 'Who the caller is, and what it may do and may not do' },
);

/** A token has at most 250 groups, and a subject. */
const MAX_SUBJECTS = 251;

export const Question = Type.Object(
  {
    subjects: Type.Array(Type.String({ [DOCUMENTED]: subjectFormat, examples: ['key:reporting'] }), {
      minItems: 1,
      maxItems: MAX_SUBJECTS,
      description: `Of one caller, each ${SUBJECT_FORM}`,
      examples: [['key:reporting']],
    }),
    method: Type.Enum([...METHODS]),
    path: Type.String({
      maxLength: 2_048,
      description: 'As it would be sent, without a query',
      examples: ['/queues/mails'],
      [DOCUMENTED]: { pattern: '^/' },
    }),
  },
  { additionalProperties: false },
);

const Reason = Type.Object({
  subject: Type.String({ examples: ['key:reporting'] }),
  effect: Type.Enum(['allow', 'deny']),
  statement: Type.String({ examples: ['GET /queues/**'] }),
});

export const DecisionBody = Type.Object(
  {
    allowed: Type.Boolean({ examples: [true] }),
    by: Type.Union([Reason, Type.Null()], {
      examples: [exampleOf(Reason)],
      description:
        'The statement that decided. Where none did, null: the request is then refused, or the route is open to every caller',
    }),
  },
  { title: 'Decision', description: 'How the request would be judged by the policies that are stored now' },
);
