import * as Type from 'typebox';
import { FLAG_KEY_PATTERN, FLAG_TYPES, type FlagValue, OPS } from '../../../domain/flags/flag.ts';
import { MAX_TOTAL_WEIGHT } from '../../../domain/flags/rollout.ts';
import { ID_PATTERN } from '../../../domain/shared/id-pattern.ts';
import { DOCUMENTED, MapOf, NextCursor, PLAIN_TEXT, Timestamp } from '../schemas.ts';

export { PreconditionHeaders } from '../preconditions.ts';
export { PageQuery } from '../schemas.ts';

const ID_RULE = '1–64 letters, digits, _ and -, with a letter or digit first';
const SetId = Type.String({ pattern: ID_PATTERN.source, description: ID_RULE, examples: ['web'] });
const Name = (description: string, example: string) =>
  Type.String({ pattern: FLAG_KEY_PATTERN.source, description, examples: [example] });
const KEY_RULE = '1–64 letters, digits, dots, _ and -, with a letter or digit first';
const Key = Name(KEY_RULE, 'new-checkout');
const Variant = Name(KEY_RULE, 'on');
const oneOf = <const T extends string>(values: readonly T[], options: Type.TSchemaOptions = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: values, ...options });
const Text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, format: PLAIN_TEXT, description });
const WhyChanged = Type.Optional(Text(1_000, 'Why it is changed; kept in the history'));

export const SetParams = Type.Object({ set: SetId });
export const FlagParams = Type.Object({ set: SetId, key: Key });

export const NewFlagSet = Type.Object(
  { setId: Type.Optional(SetId), title: Type.Optional(Text(280, 'What it is for')) },
  { additionalProperties: false, examples: [{ setId: 'web', title: 'The website' }] },
);

const Condition = Type.Object(
  {
    attribute: Type.String({
      minLength: 1,
      maxLength: 256,
      description:
        'Of the evaluation context; `now` for the time of the revision; with `flag` the key of a flag of the set',
    }),
    op: oneOf(OPS, {
      description:
        'How the attribute is compared; with several values, one has to fit (with `semver`, all of them, such as `>=1.2.0` ' +
        'and `<2.0.0`; `^1.2.3` fits the same major number, `~1.2.3` also the same minor one, whatever follows). One that is missing fits nothing but `exists` with false',
    }),
    values: Type.Optional(
      Type.Array(
        Type.Unsafe<string | number | boolean>({
          anyOf: [{ type: 'string', maxLength: 1_000 }, { type: 'number' }, { type: 'boolean' }],
        }),
        { maxItems: 1_000, description: 'What the attribute is compared with' },
      ),
    ),
  },
  { additionalProperties: false },
);

const share = [{ type: 'string' }, { type: 'integer', minimum: 0, maximum: MAX_TOTAL_WEIGHT }];
/** The validator and the document have different words for a list of two. */
const Share = Type.Unsafe<[variant: string, weight: number]>({
  type: 'array',
  items: share,
  additionalItems: false,
  minItems: 2,
  maxItems: 2,
  [DOCUMENTED]: { items: undefined, additionalItems: undefined, prefixItems: share },
});

const Rollout = Type.Object(
  {
    rollout: Type.Array(Share, { minItems: 1, maxItems: 100, description: 'Variants with their weights' }),
    by: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'Attribute by which users are shared out, in place of `targetingKey`',
      }),
    ),
  },
  { additionalProperties: false },
);

const Rule = Type.Object(
  {
    if: Type.Array(Condition, {
      maxItems: 100,
      description: 'All of them have to hold; none: the rule always matches',
    }),
    serve: Type.Unsafe<string | Type.Static<typeof Rollout>>({
      anyOf: [{ type: 'string' }, Rollout],
      description: 'A variant, or a rollout',
    }),
  },
  { additionalProperties: false },
);

const definition = {
  type: oneOf(FLAG_TYPES, { description: 'Of its values', examples: ['boolean'] }),
  variants: MapOf(Type.Unsafe<FlagValue>({ description: 'A value of the type' }), {
    description: 'Values by name',
    minProperties: 1,
    maxProperties: 100,
    propertyNames: { pattern: FLAG_KEY_PATTERN.source },
    examples: [{ on: true, off: false }],
  }),
  defaultVariant: Variant,
  state: oneOf(['ENABLED', 'DISABLED'], {
    description: 'A disabled flag has no value: the default in the code counts',
    examples: ['ENABLED'],
  }),
  rules: Type.Optional(
    Type.Array(Rule, {
      maxItems: 100,
      description: 'The first that matches counts; without one, `defaultVariant`',
      examples: [
        [
          {
            if: [{ attribute: 'country', op: 'in', values: ['NO'] }],
            serve: {
              rollout: [
                ['on', 1],
                ['off', 3],
              ],
            },
          },
        ],
      ],
    }),
  ),
  description: Type.Optional(Text(1_000, 'What it is for')),
};

export const NewFlag = Type.Object({ ...definition, reason: WhyChanged }, { additionalProperties: false });
export const Why = Type.Object({ reason: WhyChanged }, { additionalProperties: false });
export const Revert = Type.Object(
  { to: Type.Integer({ minimum: 0, description: 'The revision to go back to', examples: [41] }), reason: WhyChanged },
  { additionalProperties: false },
);

const etag = Type.String({ description: 'The revision, in quotation marks' });
const Revision = Type.Integer({ description: 'Rises by 1 with every change', examples: [42] });
const Flag = Type.Object(
  {
    key: Key,
    ...definition,
    rules: Type.Optional(
      Type.Array(Type.Unsafe<Type.Static<typeof Rule>>({ description: 'As it was put' }), {
        examples: [[{ if: [], serve: 'on' }]],
      }),
    ),
    // Without the format, which answers are not checked for.
    description: Type.Optional(Type.String()),
  },
  { title: 'Flag' },
);

const setFields = {
  setId: SetId,
  title: Type.Optional(Type.String()),
  revision: Revision,
  updatedAt: Type.String({
    format: 'date-time',
    description: 'Time of the revision, which `now` in rules stands for',
    examples: ['2027-01-01T10:00:00.000Z'],
  }),
  flags: Type.Array(Flag, { description: 'In the order of their keys' }),
};

export const FlagSetBody = Type.Object(setFields, {
  title: 'FlagSet',
  description: 'The set with its flags',
  headers: { etag },
});
export const CreatedSet = Type.Object(setFields, {
  title: 'FlagSet',
  description: 'The new set',
  headers: { location: Type.String({ description: 'Path of the set' }), etag },
});
export const SetList = Type.Object(
  {
    flagSets: Type.Array(
      Type.Object(
        { setId: SetId, title: Type.Optional(Type.String()), createdAt: Timestamp },
        { title: 'FlagSetSummary' },
      ),
    ),
    nextCursor: NextCursor,
  },
  { description: 'A page of sets, with `nextCursor` while there are more' },
);

export const FlagBody = Type.Object(
  { revision: Revision, flag: Flag },
  { title: 'PutFlag', description: 'The flag, and the revision that it made', headers: { etag } },
);
export const CreatedFlag = Type.Object(
  { revision: Revision, flag: Flag },
  {
    title: 'PutFlag',
    description: 'The new flag',
    headers: { location: Type.String({ description: 'Path of the set' }), etag },
  },
);
export const RevisionBody = Type.Object(
  { revision: Revision },
  { title: 'NewRevision', description: 'The revision that this made', headers: { etag } },
);
export const Nothing = Type.Null({ description: 'Done' });

const FlagOrNull = (description: string) =>
  Type.Unsafe<Type.Static<typeof Flag> | null>({
    anyOf: [Flag, { type: 'null' }],
    description,
    examples: [null],
  });
export const History = Type.Object(
  {
    history: Type.Array(
      Type.Object({
        revision: Revision,
        at: Timestamp,
        by: Type.String({
          description: 'Name of a key, subject of a token, or `schedule` where a time in a rule had come',
          examples: ['admin'],
        }),
        key: Type.Unsafe<string | null>({
          anyOf: [{ type: 'string' }, { type: 'null' }],
          description: 'Of the flag that changed; null where none did',
          examples: ['new-checkout'],
        }),
        before: FlagOrNull('Null for a new flag'),
        after: FlagOrNull('Null for one that was deleted'),
        reason: Type.Optional(Type.String()),
      }),
    ),
    nextCursor: NextCursor,
  },
  { description: 'A page of changes, newest first, with `nextCursor` while there are more' },
);

export const IfNoneMatch = Type.Object({
  'if-none-match': Type.Optional(Type.String({ description: '`ETag` of the answer that is known' })),
});
export const Unchanged = Type.Null({ description: 'Unchanged' });
