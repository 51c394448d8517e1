import * as Type from 'typebox';
import { ID_PATTERN } from '../../domain/shared/id-pattern.ts';
import { CURSOR_PATTERN, type PageRequest } from '../../domain/shared/page.ts';

/** RFC 9457 problem details, the body of every error. */
export const ProblemBody = Type.Object({
  type: Type.String({ format: 'uri-reference' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  'violated-policies': Type.Optional(Type.Array(Type.String())),
});

export const Id = Type.String({
  pattern: ID_PATTERN.source,
  description: '1–64 letters, digits, _ and -, with a letter or digit first',
});

/** A format: text without noncharacters, which no pattern names in a way that other languages read. */
export const PLAIN_TEXT = 'plain-text';
export const formats = { [PLAIN_TEXT]: (text: string): boolean => !/\p{Noncharacter_Code_Point}/u.test(text) };

/**
 * A keyword for what the OpenAPI document says of a value and no validator is asked: the code behind the route checks it,
 * since it can say better what is wrong.
 */
export const DOCUMENTED = 'x-documented';

export const Timestamp = Type.String({ format: 'date-time', examples: ['2027-01-01T10:00:00.000Z'] });

/** @param epoch ms */
export const timestamp = (epoch: number): string => new Date(epoch).toISOString();

export const PageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.String({ pattern: '^([1-9][0-9]?|100)$', description: 'a whole number from 1 to 100; 20 unless given' }),
    ),
    cursor: Type.Optional(
      Type.String({
        pattern: CURSOR_PATTERN.source,
        description: '`nextCursor` of the page before, as it is: what it holds may change',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Leads to the next page of a list; left out of the last. */
export const NextCursor = Type.Optional(
  Type.String({
    description: 'Send it as `cursor` for the next page; it means nothing by itself',
    pattern: CURSOR_PATTERN.source,
    examples: ['after:colors'],
  }),
);

const DEFAULT_LIMIT = 20;

/** What the query of a list asks of its store. */
export const pageRequest = ({ limit, cursor }: Type.Static<typeof PageQuery>): PageRequest => ({
  limit: Number(limit ?? DEFAULT_LIMIT),
  cursor,
});

/** An object with any keys. `Type.Record` would bring TypeBox's engine for computed types into every start. */
export const MapOf = <Value extends Type.TSchema>(value: Value, options: Type.TSchemaOptions = {}) =>
  Type.Unsafe<Record<string, Type.Static<Value>>>({ type: 'object', additionalProperties: value, ...options });

const IDENTITY_PATTERN = '^[\\x20-\\x7e]{1,128}$';
export const isIdentity = (text: string): boolean => new RegExp(IDENTITY_PATTERN).test(text);

export const Identity = Type.String({
  pattern: IDENTITY_PATTERN,
  description: '1–128 printable ASCII characters',
});

export const IdempotencyHeaders = Type.Object({ 'idempotency-key': Type.Optional(Identity) });
