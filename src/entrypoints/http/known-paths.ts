import type { FastifyContextConfig, RouteOptions } from 'fastify';
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
  readonly config: FastifyContextConfig;
}

interface KnownPath {
  readonly methods: ReadonlySet<string>;
  /** By method. */
  readonly configs: ReadonlyMap<string, FastifyContextConfig>;
  readonly exists: Exists | undefined;
}

/** The paths of all routes, whatever their methods: in a router of their own, made when somebody asks. */
export class KnownPaths {
  private readonly known = new Map<string, KnownPath>();
  private router: ReturnType<typeof findMyWay> | undefined;
  private routerByMethod: ReturnType<typeof findMyWay> | undefined;

  /** @param maxParamLength the longest path parameter that the router takes */
  constructor(private readonly maxParamLength: number) {}

  add({ url, method, config = {} }: RouteOptions): void {
    const { exists } = config;
    if (url.includes('*') && !exists) return;
    const known = this.known.get(url)?.configs ?? [];
    const configs = new Map([...known, ...[method].flat().map((each) => [each, config] as const)]);
    this.known.set(url, { methods: new Set(configs.keys()), configs, exists });
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
    const { configs, exists } = this.known.get(pattern) as KnownPath;
    if ((await exists?.(params)) === false) return undefined;
    return { pattern, params, config: configs.get(method) ?? {} };
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
