import * as Type from 'typebox';
import { type FieldIssue, invalidRequest } from '../../domain/shared/domain-error.ts';
import type { Precondition } from '../../domain/shared/precondition.ts';
import { DOCUMENTED } from './schemas.ts';

interface EntityTag {
  readonly weak: boolean;
  /** With its quotation marks. */
  readonly opaque: string;
}

/** What a header names: any that there is, or these. */
type Named = '*' | readonly EntityTag[];

/** RFC 9110 §8.8.3. A tag may hold commas. */
const TAG = /^[\t ]*(W\/)?("[\x21\x23-\x7e\x80-\u{10ffff}]*")[\t ]*(?:,|$)/u;
const EMPTY = /^[\t ]*,/;

/** @returns undefined for what is neither `*` nor a list of tags */
function readTags(header: string): Named | undefined {
  if (header.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  for (let rest = header; rest.trim() !== ''; ) {
    const found = TAG.exec(rest);
    const [text, weak, opaque] = found ?? EMPTY.exec(rest) ?? [];
    if (text === undefined) return undefined;
    if (opaque !== undefined) tags.push({ weak: weak !== undefined, opaque });
    rest = rest.slice(text.length);
  }
  return tags.length > 0 ? tags : undefined;
}

/** RFC 9110 §8.8.3.2: a weak tag is never strongly the same as another. */
const names = (named: Named, etag: string, compare: 'strong' | 'weak'): boolean =>
  named === '*' || named.some(({ weak, opaque }) => opaque === etag && !(weak && compare === 'strong'));

/** Whether an `If-None-Match` names this version. One that cannot be read names none: the answer is then sent whole. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  const named = header === undefined ? undefined : readTags(header);
  return named !== undefined && names(named, etag, 'weak');
}

const ANY_TAG = '(W/)?"[!#-~]*"';
/** What `readTags` takes, but for empty places in the list and characters that are not ASCII. */
const TAGS = { pattern: `^(\\*|${ANY_TAG}( *, *${ANY_TAG})*)$` };

/** For a route whose request may say of which version of a thing it speaks. */
export const PreconditionHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      description: '`ETag` of what is to be changed, several with commas between, or `*` for any',
      [DOCUMENTED]: TAGS,
    }),
  ),
  'if-none-match': Type.Optional(Type.String({ description: '`*` for what is not there yet', [DOCUMENTED]: TAGS })),
});

/**
 * What `If-Match` and `If-None-Match` of a request say of the thing that it wants to change (RFC 9110 §13.1).
 *
 * @param etagOf a strong tag, in its quotation marks
 * @param isThere for `*`, where it is a part of what is stored that is to be changed
 * @returns undefined for a request without these headers
 * @throws DomainError `INVALID_REQUEST` for one that cannot be read
 */
export function preconditionIn<Stored>(
  headers: Type.Static<typeof PreconditionHeaders>,
  etagOf: (stored: Stored) => string,
  isThere: (stored: Stored) => boolean = () => true,
): Precondition<Stored> | undefined {
  const issues: FieldIssue[] = [];
  const read = (name: keyof typeof headers): Named | undefined => {
    const header = headers[name];
    const named = header === undefined ? undefined : readTags(header);
    if (header !== undefined && !named)
      issues.push({ path: name, message: 'must be * or a list of ETags in quotation marks' });
    return named;
  };
  const [match, noneMatch] = [read('if-match'), read('if-none-match')];
  if (issues.length > 0) throw invalidRequest(...issues);
  if (!match && !noneMatch) return undefined;
  return (stored) => {
    const isNamedBy = (named: Named, compare: 'strong' | 'weak') =>
      stored !== undefined && (named === '*' ? isThere(stored) : names(named, etagOf(stored), compare));
    return (!match || isNamedBy(match, 'strong')) && !(noneMatch && isNamedBy(noneMatch, 'weak'));
  };
}
