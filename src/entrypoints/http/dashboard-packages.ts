import type { FastifyInstance, FastifyReply } from 'fastify';

/** The files of packages that the dashboard's modules import, and that these files import. */
export const PACKAGE_FILES = [
  '@preact/signals-core/dist/signals-core.module.js',
  'lit-html/async-directive.js',
  'lit-html/directive-helpers.js',
  'lit-html/directive.js',
  'lit-html/directives/keyed.js',
  'lit-html/directives/repeat.js',
  'lit-html/lit-html.js',
] as const;

export type PackageFile = (typeof PACKAGE_FILES)[number];

/** The path of a file, without the `@` of its package: some proxies and gateways write that as `%40`. */
export const packagePath = (name: PackageFile): string => `/packages/${name.replace('@', '')}`;

/**
 * Serves the packages that the dashboard is made with, as they are.
 *
 * @param sendFile sends a file, which is named as in `node_modules`
 */
export function publishPackages(
  app: FastifyInstance,
  sendFile: (reply: FastifyReply, name: PackageFile) => unknown,
): void {
  for (const name of PACKAGE_FILES)
    app.get(packagePath(name), { schema: { hide: true } }, (_, reply) => sendFile(reply, name));
}
