import { textInParameter } from '../../domain/shared/path-parameter.ts';
import type { PathParams } from './known-paths.ts';

const partsOf = new Map<string, readonly string[]>();

/**
 * The segments of a route's path as statements speak of them: each parameter is one, decoded, whatever it holds. What the
 * wildcard of a route takes is as many as it has.
 *
 * @param pattern the path, with `:name` for each parameter
 * @param params percent-decoded
 */
export function segmentsOf(pattern: string, params: PathParams): string[] {
  const segments: string[] = [];
  for (const part of partsIn(pattern))
    if (part === '*') segments.push(...(params['*'] ?? '').split('/'));
    else if (part.includes(':')) segments.push(parameterIn(part.replace(/:(\w+)/, (_, name) => params[name] ?? '')));
    else segments.push(part);
  return segments;
}

/** The segments of a route's path before a request has filled it in: undefined for those that may hold anything. */
export const openSegmentsOf = (pattern: string): readonly (string | undefined)[] =>
  partsIn(pattern).map((part) => (/[:*]/.test(part) ? undefined : part));

function partsIn(pattern: string): readonly string[] {
  let parts = partsOf.get(pattern);
  if (!parts) {
    parts = pattern === '/' ? [] : pattern.split('/').slice(1);
    partsOf.set(pattern, parts);
  }
  return parts;
}

/** What is no text in base64url stays as it is, for the route to refuse. */
const parameterIn = (parameter: string): string => textInParameter(parameter) ?? parameter;
