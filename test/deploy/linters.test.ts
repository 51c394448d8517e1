import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROJECT, readFromProject } from '../helpers/project.ts';
import { exceptions, type Linter } from './lint-exceptions.ts';
import { INSTALLATION_MS, pythonWith } from './python-environment.ts';

const TEMPLATES = ['template.yaml', 'deploy/fargate.yaml'];

/** What a linter finds: the rule and where. */
type Finding = readonly [rule: string, place: string];

/** Runs a program that ends with another code than 0 when it finds something. @returns what it wrote, as JSON */
async function findings(command: string, args: readonly string[]): Promise<unknown> {
  const options = {
    cwd: PROJECT,
    maxBuffer: 1e8,
    env: { PATH: process.env.PATH, HOME: tmpdir(), AWS_DEFAULT_REGION: 'eu-west-1' },
  };
  const { stdout } = await promisify(execFile)(command, args, options).catch((error) => {
    if (error.stdout) return error as { stdout: string };
    throw error;
  });
  return JSON.parse(stdout);
}

let cfn: string;
let checkov: string;
beforeAll(async () => {
  cfn = await pythonWith('cfn-lint==1.58.0', 'cfn-lint-serverless==0.3.6');
  checkov = await pythonWith('checkov==3.3.30');
}, INSTALLATION_MS);

async function cfnLint(template: string, ...more: readonly string[]): Promise<Finding[]> {
  const args = [
    '-c',
    'from cfnlint.runner import main; main()',
    '--format',
    'json',
    '--include-checks',
    'I',
    ...more,
    '--template',
    template,
  ];
  const found = (await findings(cfn, args)) as { Rule: { Id: string }; Location: { Path?: string[] } }[];
  return found.map(({ Rule, Location }) => [Rule.Id, String(Location.Path?.[1] ?? '')]);
}

async function runCheckov(template: string): Promise<Finding[]> {
  const args = [
    '-m',
    'checkov.main',
    '--file',
    template,
    '--framework',
    'cloudformation',
    '--output',
    'json',
    '--quiet',
    '--compact',
    '--skip-download',
  ];
  const { results } = (await findings(checkov, args)) as {
    results: { failed_checks: { check_id: string; resource: string }[] };
  };
  return results.failed_checks.map(({ check_id, resource }) => [check_id, resource.replace(/^.*\./, '')]);
}

const linters: Readonly<Record<Linter, (template: string) => Promise<Finding[]>>> = {
  'cfn-lint': (template) => cfnLint(template),
  'cfn-lint-serverless': async (template) =>
    (await cfnLint(template, '--append-rules', 'cfn_lint_serverless.rules')).filter(([rule]) => /^[EW]S\d/.test(rule)),
  checkov: runCheckov,
};

/** Without what is excepted for the place. */
const unexcused = (linter: Linter, found: readonly Finding[]): Finding[] =>
  found.filter(
    ([rule, place]) => !exceptions.some((one) => one.linter === linter && one.rule === rule && one.places.test(place)),
  );

describe.each(Object.keys(linters) as Linter[])('%s', (linter) => {
  it('finds nothing in the templates but what is excepted with a reason, all of which it finds', async () => {
    const found = (await Promise.all(TEMPLATES.map(linters[linter]))).flat();
    const needless = exceptions.filter(
      (one) => one.linter === linter && !found.some(([rule, place]) => rule === one.rule && one.places.test(place)),
    );

    expect(unexcused(linter, found)).toEqual([]);
    expect(needless).toEqual([]);
  }, 120_000);
});

describe('a planted fault', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portside-lint-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each<[Linter, string, string]>([
    ['cfn-lint', 'BillingMode: PAY_PER_REQUEST', 'BillingMode: PAY'],
    ['checkov', 'PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }', ''],
  ])(
    'is found by %s',
    async (linter, from, to) => {
      const template = join(folder, 'template.yaml');
      await writeFile(template, readFromProject('deploy/fargate.yaml').replace(from, to));

      expect(unexcused(linter, await linters[linter](template))).not.toEqual([]);
    },
    60_000,
  );
});

describe('shellcheck', () => {
  const scripts = ['.ci/run', ...['scripts', 'test/api', 'test/image'].flatMap(shellScriptsIn)];

  it.each(scripts)('finds nothing in %s', async (script) => {
    await promisify(execFile)('shellcheck', [script], { cwd: PROJECT }).catch((error) => {
      throw new Error(
        error.stdout || `shellcheck is not installed (Debian: apt-get install shellcheck): ${error.message}`,
      );
    });
  });
});

function shellScriptsIn(folder: string): string[] {
  return readdirSync(join(PROJECT, folder))
    .filter((name) => name.endsWith('.sh'))
    .map((name) => join(folder, name));
}
