/** The path of a public address; empty for one without a path, or none. */
export const basePathOf = (baseUrl = ''): string =>
  baseUrl === '' ? '' : new URL(baseUrl).pathname.replace(/\/+$/, '');

/** Paths of public addresses, the longest first; those of addresses without a path are left out. */
export const basePathsOf = (baseUrls: readonly string[] = []): readonly string[] =>
  [...new Set(baseUrls.map(basePathOf))].filter((path) => path !== '').sort((one, other) => other.length - one.length);

/**
 * Takes the path of a public address away where a proxy has left it in front of a route's own. A path that is a route as
 * it is stays, unless what is left would be one too: behind `https://example.org/polls`, a proxy that takes the path away
 * asks for `/polls/p`, and one that leaves it for `/polls/polls/p` and `/polls/healthz`.
 *
 * @param url path and query
 * @param mayBeRoute also for what a pattern takes that takes every path, such as that of files
 */
export function withoutBasePath(
  url: string,
  basePaths: readonly string[],
  isRoute: (url: string) => boolean,
  mayBeRoute = isRoute,
): string {
  for (const basePath of basePaths) {
    if (!url.startsWith(basePath)) continue;
    const rest = url.slice(basePath.length);
    if (rest.startsWith('/') && mayBeRoute(rest)) return rest;
    if (/^([/?]|$)/.test(rest) && !isRoute(url)) return rest.startsWith('/') ? rest : `/${rest}`;
  }
  return url;
}
