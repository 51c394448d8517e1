import type { RouteStatement } from '../../src/domain/shared/route-statement.ts';

/** A statement as somebody may write it. */
export function printStatement({ method, segments, hasRest }: RouteStatement): string {
  const parts = segments.map((segment) =>
    segment === undefined ? '*' : encodeURIComponent(segment).replaceAll('*', '%2A'),
  );
  return `${method} /${[...parts, ...(hasRest ? ['**'] : [])].join('/')}`;
}
