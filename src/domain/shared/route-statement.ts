import { textInSegment } from './path-parameter.ts';

/** The methods that a statement may name, beside `*` for any. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A statement that is longer is refused. */
export const MAX_STATEMENT_LENGTH = 200;

/** Names routes of the service, or one of them with certain parameters: `GET /polls/*`, `* /queues/emails/**`. */
export interface RouteStatement {
  /** `*` for any. */
  readonly method: string;
  /** Decoded; undefined for any one segment. */
  readonly segments: readonly (string | undefined)[];
  /** Whether one more segment or several follow. */
  readonly hasRest: boolean;
}

/**
 * Reads `METHOD /path`. In the path, `*` is any one segment, and `/**` at its end one segment or more; other segments are
 * written as in a path that is asked for, so that each may stand for any text.
 *
 * @returns what is wrong with a text that is no statement, as the end of a sentence that begins with its place
 */
export function readStatement(text: string): RouteStatement | string {
  if (text.length > MAX_STATEMENT_LENGTH) return `must have at most ${MAX_STATEMENT_LENGTH} characters`;
  const [, method = '', path] = /^([A-Z]+|\*) (\/[\x21-\x7e]*)$/.exec(text) ?? [];
  if (path === undefined) return 'must be a method or *, a space and a path, such as "GET /queues/**"';
  if (method !== '*' && !(METHODS as readonly string[]).includes(method))
    return `must begin with one of ${METHODS.join(', ')} or with *`;
  const hasRest = path.endsWith('/**');
  const named = hasRest ? path.slice(0, -'/**'.length) : path;
  const parts = named === '/' ? [] : named.split('/').slice(1);
  const segments: (string | undefined)[] = [];
  for (const part of parts) {
    if (part === '') return 'must have no empty segment and no closing slash';
    if (/[?#]/.test(part)) return 'must have no query';
    if (part === '.' || part === '..') return 'must have no segment that is . or ..';
    if (part !== '*' && part.includes('*')) return 'must have * for a whole segment, and ** at the end alone';
    const segment = part === '*' ? undefined : textInSegment(part);
    if (part !== '*' && segment === undefined) return 'must have segments that are percent-encoded, or ~ and base64url';
    segments.push(segment);
  }
  return { method, segments, hasRest };
}

/**
 * Whether a statement speaks of a request. Looks at each segment once.
 *
 * @param segments of the route, with its parameters decoded: each is one segment, whatever it holds; undefined for one that
 * may hold anything
 */
export function isMatch(statement: RouteStatement, method: string, segments: readonly (string | undefined)[]): boolean {
  const { segments: expected, hasRest } = statement;
  const covers =
    statement.method === '*' || statement.method === method || (statement.method === 'GET' && method === 'HEAD');
  if (!covers) return false;
  if (hasRest ? segments.length <= expected.length : segments.length !== expected.length) return false;
  return expected.every(
    (segment, index) => segment === undefined || segments[index] === undefined || segment === segments[index],
  );
}
