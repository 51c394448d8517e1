import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { PROJECT } from '../helpers/project.ts';

const PLANTED = join(PROJECT, 'test/architecture/planted');

/** Lines of the planted files that carry a mark, as `<file>:<line>`. */
async function markedLines(mark: string): Promise<string[]> {
  const files = (await readdir(PLANTED, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const marked = files.map(async (file) => {
    const lines = (await readFile(join(PLANTED, file), 'utf8')).split('\n');
    return lines.flatMap((line, index) => (line.endsWith(`// ${mark}`) ? [`${file}:${index + 1}`] : []));
  });
  return (await Promise.all(marked)).flat().sort();
}

describe('the domain and the ports', () => {
  it('are compiled, all of them, without the names of any surroundings', () => {
    const { fileNames } = domainProject();
    const files = ts.sys.readDirectory(join(PROJECT, 'src'), ['.ts']).map((file) => relative(PROJECT, file));
    expect(fileNames.map((file) => relative(PROJECT, file)).sort()).toEqual(
      files.filter((file) => /^src\/(domain|ports)\//.test(file)).sort(),
    );
  });

  it('do not compile where they use process, fetch, timers and the like', async () => {
    const planted = join(PLANTED, 'src/domain/votes/use-surroundings.ts');
    const program = ts.createProgram([planted], domainProject().options);
    const lines = ts.getPreEmitDiagnostics(program).map(({ file, start = 0 }) => {
      const { line } = file?.getLineAndCharacterOfPosition(start) ?? { line: -1 };
      return `${relative(PLANTED, file?.fileName ?? '')}:${line + 1}`;
    });
    expect(lines.sort()).toEqual(await markedLines('does not compile'));
  });

  it('do not pass the linter where they use a clock, randomness or decorators', async () => {
    expect(await lintedLines('src/domain', 'src/ports')).toEqual(await markedLines('impure'));
  });
});

describe('adapters and entrypoints', () => {
  it('do not pass the linter where they look at the wall clock instead of a monotonic one or a Clock', async () => {
    expect(await lintedLines('src/adapters', 'src/entrypoints')).toEqual(await markedLines('wall clock'));
  });
});

function domainProject(): ts.ParsedCommandLine {
  const { config } = ts.readConfigFile(join(PROJECT, 'src/domain/tsconfig.json'), ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, join(PROJECT, 'src/domain'));
}

/** Lints folders of the planted tree under the project's own configuration, which leaves it out where it lies. */
async function lintedLines(...folders: readonly string[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'planted-'));
  try {
    for (const file of [
      'biome.json',
      'test/architecture/pure-domain.grit',
      'test/architecture/wall-clock.grit',
      '.gitignore',
    ])
      await cp(join(PROJECT, file), join(directory, file));
    await cp(join(PLANTED, 'src'), join(directory, 'src'), { recursive: true });
    const biome = join(PROJECT, 'node_modules/@biomejs/biome/bin/biome');
    const lint = promisify(execFile)(
      process.execPath,
      [biome, 'lint', '--only=plugin', '--reporter=json', ...folders],
      {
        cwd: directory,
      },
    );
    // Findings are an exit code of 1, which execFile rejects with what was printed.
    const { stdout } = await lint.catch((failure: { stdout: string }) => failure);
    const report: LintReport = JSON.parse(stdout);
    return report.diagnostics.map(({ location: { path, start } }) => `${path}:${start.line}`).sort();
  } finally {
    await rm(directory, { recursive: true });
  }
}

interface LintReport {
  readonly diagnostics: readonly {
    readonly location: { readonly path: string; readonly start: { readonly line: number } };
  }[];
}
