/**
 * Names routes of the service, or one of them with certain parameters: `GET /polls/*`, `* /queues/emails/**`. In it `*`
 * stands for any method or for one segment of the path, and a path that ends with `/**` for one segment or more.
 */
export interface RouteStatement {
  /** Undefined for any. */
  readonly method: string | undefined;
  /** Of the path, decoded; undefined for any. */
  readonly segments: readonly (string | undefined)[];
  /** Whether at least one more segment follows. */
  readonly hasRest: boolean;
}

/** What a text must be to be a statement, as the end of a sentence. */
export const STATEMENT_FORM =
  'a method and a path, such as GET /polls/*: GET, POST, PUT, PATCH, DELETE or * for any, and * for one segment or a last /** for all that follows';

const METHOD = /^(?:GET|POST|PUT|PATCH|DELETE|\*)$/;
/** Visible ASCII without `#`, `%`, `*`, `/` and `?`, or bytes in their percent-encoding. */
const SEGMENT = /^(?:[!"$&-)+-.0-9:->@-~]|%[0-9A-Fa-f]{2})+$/;
const ANY = '*';
const REST = '**';

/**
 * @param text in which a segment may be percent-encoded
 * @returns undefined for a text that is no statement
 */
export function parseStatement(text: string): RouteStatement | undefined {
  const [method = '', path = '', ...more] = text.split(' ');
  if (!METHOD.test(method) || !path.startsWith('/') || more.length > 0) return undefined;
  const parts = path === '/' ? [] : path.slice(1).split('/');
  const hasRest = parts.at(-1) === REST;
  const segments = (hasRest ? parts.slice(0, -1) : parts).map(segmentOf);
  if (segments.includes(undefined)) return undefined;
  return {
    method: method === ANY ? undefined : method,
    segments: segments.map((segment) => segment?.text),
    hasRest,
  };
}

/** @returns undefined for what cannot be a segment */
function segmentOf(part: string): { readonly text?: string } | undefined {
  if (part === ANY) return {};
  if (!SEGMENT.test(part)) return undefined;
  try {
    return { text: decodeURIComponent(part) };
  } catch {
    return undefined;
  }
}

type Params = Readonly<Record<string, string | undefined>>;

/**
 * Whether a statement speaks of a request, by the route that the request has reached, so that no spelling of a path
 * passes by it.
 *
 * @param method of the request; `HEAD` is taken for `GET`
 * @param route its pattern, such as `/polls/:pollId`
 * @param params its decoded parameters, each of which is one segment, whatever it holds; without them: whether it may
 * speak of a request to this route
 */
export function matchesRoute(statement: RouteStatement, method: string, route: string, params?: Params): boolean {
  if (statement.method !== undefined && statement.method !== (method === 'HEAD' ? 'GET' : method)) return false;
  const { segments, hasRest } = statement;
  const actual = segmentsOf(route, params);
  if (hasRest ? actual.length <= segments.length : actual.length !== segments.length) return false;
  return segments.every((segment, at) => segment === undefined || actual[at] === undefined || actual[at] === segment);
}

/** The segments of a path; undefined for one that the route leaves open. */
function segmentsOf(route: string, params: Params | undefined): readonly (string | undefined)[] {
  if (route === '/') return [];
  return route
    .slice(1)
    .split('/')
    .flatMap((part) => {
      // What the last `*` of a pattern stands for are names of files, not one parameter.
      if (part === ANY) return params?.[ANY]?.split('/') ?? [undefined];
      if (!part.includes(':')) return [part];
      return [params && part.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '')];
    });
}
