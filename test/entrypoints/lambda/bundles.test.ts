import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { functionBundles } from '../../helpers/lambda/function-process.ts';
import { readFromProject } from '../../helpers/project.ts';

interface Meta {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number;
        readonly imports: readonly { readonly path: string; readonly kind: string }[];
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
        readonly entryPoint?: string;
      }
    >
  >;
}

interface Bundle {
  readonly name: string;
  /** What stands in any of its files: paths from the folder `src`. */
  readonly inputs: readonly string[];
  /** Bytes that are loaded before the first event. */
  readonly loadedAtOnce: number;
  readonly allFiles: number;
}

const folder = await functionBundles();
const bundles = await Promise.all(
  (await readdir(folder))
    .filter((name) => name.endsWith('.meta.json'))
    .map((name) => read(basename(name, '.meta.json'))),
);

async function read(name: string): Promise<Bundle> {
  const { outputs }: Meta = JSON.parse(await readFile(join(folder, `${name}.meta.json`), 'utf8'));
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === entryOf(name));
  const atOnce = new Set<string>();
  const follow = (path: string): void => {
    if (atOnce.has(path) || !outputs[path]) return;
    atOnce.add(path);
    for (const { path: next, kind } of outputs[path].imports) if (kind === 'import-statement') follow(next);
  };
  follow(entry as string);
  const sizes = await Promise.all(
    (await readdir(join(folder, name))).map(async (file) => (await stat(join(folder, name, file))).size),
  );
  return {
    name,
    inputs: Object.values(outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
    loadedAtOnce: [...atOnce].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0),
    allFiles: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** `VotesStreamFunction` is `votes-stream.ts`. */
function entryOf(name: string): string {
  const words = name.replace(/Function$/, '').replace(/(?<!^)([A-Z])/g, '-$1');
  return `entrypoints/lambda/${words.toLowerCase()}.ts`;
}

/** What follows from votes becomes tasks, so that these two know a part of the other context. */
const JOINING: Readonly<Record<string, string>> = { VotesReactFunction: 'tasks', TasksProcessorFunction: 'votes' };

const contextOf = (name: string): string => name.replace(/([a-z])[A-Z].*$/, '$1').toLowerCase();

describe('the bundles of the functions', () => {
  it.each(bundles.filter(({ name }) => name !== 'ApiFunction'))(
    '$name carries its own context alone, and nothing of the HTTP server',
    ({ name, inputs }) => {
      const others = ['votes', 'tasks', 'stocks', 'flags'].filter(
        (context) => ![contextOf(name), JOINING[name]].includes(context),
      );
      // The settings of every process know the form of API keys.
      const foreign = inputs.filter(
        (path) =>
          others.some((context) =>
            new RegExp(`^(domain|entrypoints/[^/]+)/${context}/|^ports/${context}\\.ts$`).test(path),
          ) ||
          /node_modules\/(fastify|@fastify|ajv|twilio|ioredis)\//.test(path) ||
          /^entrypoints\/(http(?!\/api-keys\.ts)|container|cli)\//.test(path) ||
          path.endsWith('composition/contexts.ts'),
      );

      const own = name in JOINING ? 'feedback' : contextOf(name);
      expect(inputs.some((path) => path.startsWith(`entrypoints/composition/${own}/`))).toBe(true);
      expect(foreign).toEqual([]);
    },
  );

  it.each(bundles)('$name carries nothing of Prometheus, which cannot ask a function', ({ inputs }) => {
    expect(inputs.filter((path) => /node_modules\/prom-client\/|prometheus/.test(path))).toEqual([]);
  });

  it('have the sizes that docs/deploy.md says, within a tenth', () => {
    const rows = [...readFromProject('docs/deploy.md').matchAll(/^\| `(\w+Function)` \| (\d+) kB \| (\d+) kB \|$/gm)];
    const documented = Object.fromEntries(rows.map(([, name, ...sizes]) => [name, sizes.map(Number)]));

    expect(Object.keys(documented).sort()).toEqual(bundles.map(({ name }) => name).sort());
    for (const { name, loadedAtOnce, allFiles } of bundles)
      for (const [index, bytes] of [loadedAtOnce, allFiles].entries()) {
        const said = documented[name]?.[index] as number;
        expect({
          name,
          said,
          is: Math.round(bytes / 1_000),
          isClose: Math.abs(bytes / 1_000 / said - 1) < 0.1,
        }).toEqual(expect.objectContaining({ isClose: true }));
      }
  });
});
