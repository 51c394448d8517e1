import type { FastifyInstance } from 'fastify';

export interface KeyedRoute {
  readonly method: string;
  /** With `:name` for each parameter. */
  readonly pattern: string;
  /** A path of the route. */
  readonly path: string;
  readonly isOptional: boolean;
  /** Whether every known caller may use it. */
  readonly isOpen: boolean;
}

const PARAMETERS: Readonly<Record<string, string>> = { subject: 'group:crew' };

/** Collects the routes of a service that look for a key; to be registered before its contexts. */
export function keyedRoutes(): { readonly found: KeyedRoute[]; readonly collect: (app: FastifyInstance) => void } {
  const found: KeyedRoute[] = [];
  const collect = (app: FastifyInstance): void => {
    app.addHook('onRoute', ({ method, url, config }) => {
      if (!config?.key || config.ownKey) return;
      const path = url.replace(/:(\w+)/g, (_, name) => PARAMETERS[name] ?? 'some').replaceAll('*', 'some');
      const facts = {
        pattern: url,
        path,
        isOptional: config.key === 'optional',
        isOpen: config.openToCallers === true,
      };
      for (const each of [method].flat()) found.push({ method: each, ...facts });
    });
  };
  return { found, collect };
}
