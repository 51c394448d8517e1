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

/** The paths of all routes, in a router of their own, made when somebody asks. */
export class KnownPaths {
  private readonly routes: { readonly methods: readonly string[]; readonly route: Omit<FoundRoute, 'params'> }[] = [];
  private readonly methods = new Set<string>();
  private router: ReturnType<typeof findMyWay> | undefined;

  /** @param maxParamLength the longest path parameter that the router takes */
  constructor(private readonly maxParamLength: number) {}

  add({ url, method, config = {} }: RouteOptions): void {
    if (url.includes('*') && !config.exists) return;
    const methods = [method].flat();
    for (const each of methods) this.methods.add(each);
    this.routes.push({ methods, route: { pattern: url, config } });
  }

  /**
   * The routes that there may be at a path, by method.
   *
   * @param url path, with or without a query
   */
  find(url: string): ReadonlyMap<string, FoundRoute> {
    const found = [...this.methods].map((method) => [method, this.at(method, url)] as const);
    return new Map(found.flatMap(([method, route]) => (route ? [[method, route]] : [])));
  }

  /**
   * The route that takes a request.
   *
   * @param path without a query
   */
  async route(method: string, path: string): Promise<FoundRoute | undefined> {
    const route = this.at(method, path);
    return route && (await isThere(route)) ? route : undefined;
  }

  private at(method: string, url: string): FoundRoute | undefined {
    this.router ??= this.routerOfAll();
    const found = this.router.find(method as HTTPMethod, url);
    if (!found || !isComplete(found.params)) return undefined;
    return { ...(found.store as Omit<FoundRoute, 'params'>), params: found.params };
  }

  private routerOfAll(): ReturnType<typeof findMyWay> {
    const router = findMyWay({ maxParamLength: this.maxParamLength });
    for (const { methods, route } of this.routes)
      router.on(methods as HTTPMethod[], route.pattern, () => undefined, route);
    return router;
  }
}

/** Whether there is what a route leads to, where its pattern takes more. */
export const isThere = async ({
  params,
  config: { exists },
}: Pick<FoundRoute, 'params' | 'config'>): Promise<boolean> => isComplete(params) && ((await exists?.(params)) ?? true);

/** The router takes `/polls/` for a poll without an id. */
const isComplete = (params: PathParams): boolean => !Object.values(params).includes('');
