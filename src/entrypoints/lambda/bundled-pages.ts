import { extname } from 'node:path';
import type { FastifyReply } from 'fastify';
import { DomainError } from '../../domain/shared/domain-error.ts';
import type { Extra } from '../http/app.ts';
import { type PackageFile, publishPackages } from '../http/dashboard-packages.ts';
import { publishDocs } from '../http/docs-page.ts';
import type { PathParams } from '../http/known-paths.ts';
import { publishOpenApi } from '../http/openapi.ts';

interface BundledFile {
  readonly default: Uint8Array;
}

// esbuild puts every file that matches into the bundle, as bytes in a chunk of its own.
const dashboardFile = async (name: string): Promise<BundledFile> =>
  import(`../http/dashboard/${name}`, { with: { type: 'bytes' } });
const docsFile = async (name: string): Promise<BundledFile> =>
  import(`../../../node_modules/@fastify/swagger-ui/static/${name}`, { with: { type: 'bytes' } });
/** Named one by one: the packages hold each file in several forms. */
const packageFiles: Readonly<Record<PackageFile, () => Promise<unknown>>> = {
  '@preact/signals-core/dist/signals-core.module.js': () =>
    // @ts-expect-error: the package has types for its main file alone.
    import('../../../node_modules/@preact/signals-core/dist/signals-core.module.js', { with: { type: 'bytes' } }),
  'lit-html/async-directive.js': () =>
    import('../../../node_modules/lit-html/async-directive.js', { with: { type: 'bytes' } }),
  'lit-html/directive-helpers.js': () =>
    import('../../../node_modules/lit-html/directive-helpers.js', { with: { type: 'bytes' } }),
  'lit-html/directive.js': () => import('../../../node_modules/lit-html/directive.js', { with: { type: 'bytes' } }),
  'lit-html/directives/keyed.js': () =>
    import('../../../node_modules/lit-html/directives/keyed.js', { with: { type: 'bytes' } }),
  'lit-html/directives/repeat.js': () =>
    import('../../../node_modules/lit-html/directives/repeat.js', { with: { type: 'bytes' } }),
  'lit-html/lit-html.js': () => import('../../../node_modules/lit-html/lit-html.js', { with: { type: 'bytes' } }),
};
const packageFile = async (name: PackageFile): Promise<BundledFile> => (await packageFiles[name]()) as BundledFile;

/** The same pages as those of the container, out of the bundle: a function has no other files. */
export const publishBundledPages: Extra = async (app, problems) => {
  await publishOpenApi(app, problems);
  publishDocs(app, (reply, name) => sendFile(reply, name, docsFile));
  publishPackages(app, (reply, name) => sendFile(reply, name, packageFile));
  app.get('/', { schema: { hide: true } }, (_, reply) => sendFile(reply, 'index.html', dashboardFile));
  const isFile = (name: string): Promise<boolean> =>
    dashboardFile(name).then(
      () => true,
      () => false,
    );
  const exists = ({ '*': name = '' }: PathParams): Promise<boolean> => isFile(name);
  app.get<{ Params: { '*': string } }>('/*', { schema: { hide: true }, config: { exists } }, ({ params }, reply) =>
    sendFile(reply, params['*'], dashboardFile),
  );
  // `/tasks/:taskId` would be found before `/*`. No id has a dot in it.
  for (const folder of ['limits', 'tasks']) {
    const isModule = ({ name }: PathParams): Promise<boolean> => isFile(`${folder}/${name}.js`);
    app.get<{ Params: { name: string } }>(
      `/${folder}/:name.js`,
      { schema: { hide: true }, config: { exists: isModule } },
      ({ params }, reply) => sendFile(reply, `${folder}/${params.name}.js`, dashboardFile),
    );
  }
};

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/vnd.microsoft.icon',
  '.html': 'text/html; charset=utf-8',
  '.js': 'application/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

async function sendFile<Name extends string>(
  reply: FastifyReply,
  name: Name,
  load: (name: Name) => Promise<BundledFile>,
) {
  const file = await load(name).catch(() => undefined);
  if (!file) throw new DomainError('NOT_FOUND', 'There is nothing at this path. See /docs for all paths.');
  return reply
    .type(TYPES[extname(name)] ?? 'application/octet-stream')
    .header('cache-control', 'public, max-age=0')
    .send(Buffer.from(file.default));
}
