import * as Type from 'typebox';
import type { FlagValue } from '../../../domain/flags/flag.ts';
import { Id, MapOf } from '../schemas.ts';

export const SetParams = Type.Object({ set: Id });
export const FlagParams = Type.Object({
  set: Id,
  key: Type.String({ minLength: 1, description: 'Key of the flag', examples: ['new-checkout'] }),
});

const anything = MapOf(Type.Unsafe<unknown>({}), {
  title: 'EvaluationContext',
  description:
    'The user and the situation: `targetingKey`, which tells users apart, and attributes of which rules speak',
  examples: [{ targetingKey: 'user-1', country: 'NO' }],
});
export const EvaluationRequest = Type.Object({ context: Type.Optional(anything) }, { description: 'As OFREP says' });

export const BulkQuery = Type.Object(
  {
    flagConfigEtag: Type.Optional(
      Type.String({
        description: '`etag` of the event that made the client ask: the answer is not of an earlier revision',
      }),
    ),
    flagConfigLastModified: Type.Optional(
      Type.String({ description: '`lastModified` of the event that made the client ask; `flagConfigEtag` says more' }),
    ),
  },
  { additionalProperties: false },
);
export const BulkHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: '`ETag` of the answer that is known: that of now is not of an earlier revision' }),
  ),
});

const key = Type.String({ examples: ['new-checkout'] });
const success = {
  key,
  reason: Type.String({
    description: '`STATIC`, `TARGETING_MATCH`, `SPLIT`, `DEFAULT` or `DISABLED`',
    examples: ['TARGETING_MATCH'],
  }),
  variant: Type.Optional(Type.String({ examples: ['on'] })),
  value: Type.Optional(
    Type.Unsafe<FlagValue>({
      description: 'None for a disabled flag: the default in the code counts',
      examples: [true],
    }),
  ),
};
const failure = {
  errorCode: Type.String({
    description: '`FLAG_NOT_FOUND`, `TARGETING_KEY_MISSING`, `INVALID_CONTEXT`, `PARSE_ERROR` or `GENERAL`',
    examples: ['TARGETING_KEY_MISSING'],
  }),
  errorDetails: Type.Optional(Type.String()),
};
const metadata = MapOf(Type.Unsafe<string | number | boolean>({}), {
  description: '`revision`; while the store is away also `stale` and `asOf`, the last time at which it was the newest',
  examples: [{ revision: 42 }],
});

export const Evaluation = Type.Object(
  { ...success, metadata },
  { title: 'FlagEvaluation', description: 'The value, and why it is that' },
);
export const EvaluationFailure = Type.Object(
  { key: Type.Optional(key), ...failure },
  { title: 'FlagEvaluationFailure', description: 'Why there is no value, in the words of OFREP' },
);
export const BulkEvaluation = Type.Object(
  {
    flags: Type.Array(
      Type.Object({
        ...success,
        reason: Type.Optional(success.reason),
        ...failure,
        errorCode: Type.Optional(failure.errorCode),
      }),
      { description: 'Each with a value, without one where it is disabled, or with an error' },
    ),
    metadata,
  },
  {
    title: 'FlagEvaluations',
    description: 'Every flag of the set for the context',
    headers: { etag: Type.String({ description: 'Changes with the revision and the context' }) },
  },
);
export const Unchanged = Type.Null({ description: 'Unchanged' });
