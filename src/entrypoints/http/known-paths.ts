import type { RouteOptions } from 'fastify';
import findMyWay, { type HTTPMethod } from 'find-my-way';

export type PathParams = Readonly<Record<string, string | undefined>>;
/** Whether there is anything at a path, where the pattern that it matches cannot tell. */
export type Exists = (params: PathParams) => Promise<boolean>;

/** A route that a request would reach. */
export interface FoundRoute {
  /** Its path, with `:name` for each parameter. */
  readonly pattern: string;
  /** Decoded. */
  readonly params: PathParams;
}

interface KnownPath {
  readonly methods: ReadonlySet<string>;
  /** Those that need a key. */
  readonly keyed: ReadonlySet<string>;
  readonly exists: Exists | undefined;
}

/** The paths of all routes, whatever their methods: in a router of their own, made when somebody asks. */
export class KnownPaths {
  private readonly known = new Map<string, KnownPath>();
  private router: ReturnType<typeof findMyWay> | undefined;
  private routerByMethod: ReturnType<typeof findMyWay> | undefined;

  /** @param maxParamLength the longest path parameter that the router takes */
  constructor(private readonly maxParamLength: number) {}

  add({ url, method, config: { exists, key } = {} }: RouteOptions): void {
    if (url.includes('*') && !exists) return;
    const { methods = [], keyed = [] } = this.known.get(url) ?? {};
    const added = [method].flat();
    this.known.set(url, {
      methods: new Set([...methods, ...added]),
      keyed: new Set(key === true ? [...keyed, ...added] : keyed),
      exists,
    });
  }

  /** @param url path, with or without a query */
  find(url: string): (KnownPath & { readonly params: PathParams }) | undefined {
    this.router ??= this.routerOfAll();
    const found = this.router.find('GET', url);
    const path = this.known.get(found?.store as string);
    return found && path && isComplete(found.params) ? { ...path, params: found.params } : undefined;
  }

  /**
   * The route that takes a request.
   *
   * @param path without a query
   */
  async route(method: string, path: string): Promise<FoundRoute | undefined> {
    this.routerByMethod ??= this.routerOfMethods();
    const found = this.routerByMethod.find(method as HTTPMethod, path);
    if (!found || !isComplete(found.params)) return undefined;
    const pattern = found.store as string;
    const { params } = found;
    return (await this.known.get(pattern)?.exists?.(params)) === false ? undefined : { pattern, params };
  }

  private routerOfMethods(): ReturnType<typeof findMyWay> {
    const router = findMyWay({ maxParamLength: this.maxParamLength });
    for (const [path, { methods }] of this.known) router.on([...methods] as HTTPMethod[], path, () => undefined, path);
    return router;
  }

  private routerOfAll(): ReturnType<typeof findMyWay> {
    const router = findMyWay({ maxParamLength: this.maxParamLength });
    for (const path of this.known.keys()) router.on('GET', path, () => undefined, path);
    return router;
  }
}

/** The router takes `/polls/` for a poll without an id. */
export const isComplete = (params: PathParams): boolean => !Object.values(params).includes('');
