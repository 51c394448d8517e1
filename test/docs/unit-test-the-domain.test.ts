import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { PROJECT, readFromProject } from '../helpers/project.ts';

const PAGE = 'docs/how-to/unit-test-the-domain.md';
/** The compiler runs twice, which takes its time on a busy machine. */
const COMPILE_MS = 120_000;
const run = promisify(execFile);

const { dependencies, exports } = JSON.parse(readFromProject('package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | null | { readonly types: string; readonly default: string }>>;
};

/** What all contexts share, and every context. */
const domains = readdirSync(join(PROJECT, 'src/domain'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** `portside/votes` and the like. */
const published = Object.entries(exports)
  .filter(([, entry]) => entry !== null && typeof entry === 'object')
  .flatMap(([name]) =>
    name === './*' ? domains.map((domain) => `portside/${domain}`) : name.replace('.', 'portside'),
  );

describe('the library', () => {
  /** A project that has Portside installed, and nothing else but what comes with it. */
  let consumer: string;
  const example = readFromProject(PAGE).match(/^```ts\n(.*?)^```$/ms)?.[1] ?? '';

  beforeAll(async () => {
    consumer = await mkdtemp(join(tmpdir(), 'portside-consumer-'));
    const installed = join(consumer, 'node_modules/portside');
    await mkdir(installed, { recursive: true });
    await cp(join(PROJECT, 'package.json'), join(installed, 'package.json'));
    await tsc('-p', 'scripts/tsconfig.library.json', '--outDir', join(installed, 'lib'));
    for (const name of [...Object.keys(dependencies), '@types/node']) {
      await mkdir(dirname(join(consumer, 'node_modules', name)), { recursive: true });
      await symlink(join(PROJECT, 'node_modules', name), join(consumer, 'node_modules', name));
    }
    await writeFile(join(consumer, 'package.json'), '{ "type": "module" }');
    await writeFile(join(consumer, 'example.ts'), example);
    await writeFile(join(consumer, 'imports.ts'), published.map((name) => `import '${name}';\n`).join(''));
  }, COMPILE_MS);
  afterAll(() => rm(consumer, { recursive: true }));

  it(
    'has types under which the example compiles',
    async () => {
      const compilerOptions = {
        noEmit: true,
        strict: true,
        module: 'nodenext',
        target: 'es2023',
        types: ['node'],
        skipDefaultLibCheck: true,
      };
      await writeFile(
        join(consumer, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['example.ts', 'imports.ts'] }),
      );
      const { stdout } = await tsc('-p', consumer).catch((failure: { stdout: string }) => failure);
      expect(stdout).toBe('');
    },
    COMPILE_MS,
  );

  it('publishes every type that a published one names', () => {
    const installed = join(consumer, 'node_modules/portside');
    const entries = Object.values(exports).flatMap((entry) =>
      entry === null || typeof entry === 'string'
        ? []
        : domains.map((name) => join(installed, entry.types.replace('*', name))),
    );
    const own = join(installed, 'lib');
    expect(unpublishedTypes([...new Set(entries)], own)).toEqual([]);
  });

  it('lets the example pass as it stands in the page', async () => {
    const { outputText } = ts.transpileModule(example, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    await writeFile(join(consumer, 'example.js'), outputText);
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'example.js'], { cwd: consumer });

    expect(stdout).toContain(`\n# pass ${example.match(/^test\(/gm)?.length}\n# fail 0\n`);
  });

  it('can be imported by every name that it publishes, all of which stand in the page', async () => {
    expect(published).toContain('portside/votes');
    const code = published.map((name) => `await import('${name}');\n`).join('');
    await run(process.execPath, ['--input-type=module', '--eval', code], { cwd: consumer });

    const named = readFromProject(PAGE).match(/(?<=^\| `)portside\/\w+/gm) ?? [];
    expect([...named].sort()).toEqual([...published].sort());
  });

  it('is packed without anything that a consumer has no use for', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: PROJECT });
    const [{ files }] = JSON.parse(stdout) as [{ files: readonly { path: string }[] }];
    const others = files.map(({ path }) => path).filter((path) => !path.startsWith('lib/'));
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
  });

  it('keeps everything else to itself', async () => {
    const code = "await import('portside/lib/domain/votes/index.js');";
    await expect(run(process.execPath, ['--input-type=module', '--eval', code], { cwd: consumer })).rejects.toThrow(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    );
  });
});

/** Types declared below `own` that something exported by the entries names, and no entry exports. */
function unpublishedTypes(entries: readonly string[], own: string): string[] {
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, strict: true };
  const program = ts.createProgram(entries, options);
  const checker = program.getTypeChecker();
  const origin = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const modules = entries.map((entry) => checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.SourceFile));
  const exported = new Set(
    modules.flatMap((module) => checker.getExportsOfModule(module as ts.Symbol).map((symbol) => origin(symbol))),
  );
  const unpublished = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const name = ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
      const symbol = checker.getSymbolAtLocation(name);
      const named = symbol && origin(symbol);
      const isOwn = named?.declarations?.[0]?.getSourceFile().fileName.startsWith(own);
      const isParameter = named && named.flags & ts.SymbolFlags.TypeParameter;
      if (named && isOwn && !isParameter && !exported.has(named)) unpublished.add(named.name);
    }
    ts.forEachChild(node, visit);
  };
  for (const { declarations = [] } of exported) for (const declaration of declarations) visit(declaration);
  return [...unpublished];
}

const tsc = (...args: readonly string[]) =>
  run(process.execPath, [join(PROJECT, 'node_modules/typescript/bin/tsc'), ...args], { cwd: PROJECT });
