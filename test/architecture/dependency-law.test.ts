import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PROJECT } from '../helpers/project.ts';

const PLANTED = join(PROJECT, 'test/architecture/planted');

interface CruiseSummary {
  readonly totalCruised: number;
  readonly violations: readonly {
    readonly from: string;
    readonly to: string;
    readonly rule: { readonly name: string };
  }[];
  readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string; readonly comment?: string }[] };
}

/** Holds the law against `src` below a directory. */
async function cruise(directory: string): Promise<CruiseSummary> {
  const program = join(PROJECT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const law = join(PROJECT, 'test/architecture/dependency-law.mjs');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, '--config', law, '--output-type', 'json', 'src'],
    { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(stdout).summary;
}

/** The breaches that the planted files announce: `<file> breaks <rule>`. */
async function plants(): Promise<string[]> {
  const files = await readdir(PLANTED, { recursive: true });
  const breaches = files
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => {
      const [, rules] = /^\/\/ breaks: (.+)\n/.exec(await readFile(join(PLANTED, file), 'utf8')) ?? [];
      return rules?.split(', ').map((rule) => `${file} breaks ${rule}`) ?? [];
    });
  return (await Promise.all(breaches)).flat();
}

const breachesOf = ({ violations }: CruiseSummary): string[] =>
  violations.map(({ from, rule }) => `${from} breaks ${rule.name}`);

describe('the dependency law', () => {
  let planted: CruiseSummary;
  beforeAll(async () => {
    planted = await cruise(PLANTED);
  });

  it('is kept by the source', async () => {
    const { totalCruised, violations } = await cruise(PROJECT);
    expect(totalCruised).toBeGreaterThan(50);
    expect(violations.map(({ from, to, rule }) => `${from} → ${to} breaks ${rule.name}`)).toEqual([]);
  });

  it('bites on every planted breach and on nothing else', async () => {
    expect([...new Set(breachesOf(planted))].sort()).toEqual((await plants()).sort());
  });

  it('has a planted breach and a word to the offender for every rule', () => {
    const bitten = new Set(planted.violations.map(({ rule }) => rule.name));
    for (const { name, comment } of planted.ruleSetUsed.forbidden) {
      expect({ name, bites: bitten.has(name) }).toEqual({ name, bites: true });
      expect(comment?.length).toBeGreaterThan(20);
    }
  });
});
