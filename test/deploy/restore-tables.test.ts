import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROJECT, readFromProject } from '../helpers/project.ts';
import { AwsCli } from './aws-cli.ts';
import { INSTALLATION_MS } from './python-environment.ts';
import { readTemplate } from './templates.ts';

interface Template {
  readonly Parameters: object;
  readonly Conditions: object;
  readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
}

/** What intrinsic functions of a template name, but for pseudo parameters and conditions. */
function namedIn(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(namedIn);
  if (part === null || typeof part !== 'object') return [];
  return Object.entries(part).flatMap(([key, value]) => {
    if (key === 'Ref') return [String(value)];
    if (key === 'Fn::GetAtt') return [String(value[0])];
    if (key !== 'Fn::Sub') return namedIn(value);
    const [text, ...rest] = [value].flat();
    return [...[...String(text).matchAll(/\$\{([\w:]+)/g)].map(([, name]) => String(name)), ...namedIn(rest)];
  });
}

/** Where AWS is a program that says what it should; a run on the emulator is in runbooks.test.ts. */
describe('scripts/restore-tables.mjs', () => {
  let cli: AwsCli;
  beforeAll(async () => {
    cli = await AwsCli.start('http://127.0.0.1:9');
  }, INSTALLATION_MS);
  afterAll(() => cli?.stop());

  const restore = async (path: string, tables: readonly string[], running = 0) => {
    const answers: Record<string, object> = {
      'get-template': { TemplateBody: readFromProject(path) },
      'list-stack-resources': {
        StackResourceSummaries: Object.entries(readTemplate(path).Resources).map(([name, { Type }]) => ({
          LogicalResourceId: name,
          PhysicalResourceId: `old-${name}`,
          ResourceType: Type,
        })),
      },
      'describe-stacks': {
        Stacks: [
          {
            Outputs: [{ OutputKey: 'SourceBucket', OutputValue: 'bucket' }],
            Parameters: [],
            StackId: 'arn:aws:cloudformation:eu-west-1:0:stack/portside/1',
          },
        ],
      },
      'describe-table': { Table: { TableStatus: 'ACTIVE', LatestStreamArn: 'arn:aws:dynamodb:stream' } },
      'describe-services': { services: [{ runningCount: running }] },
    };
    const cases = await Promise.all(
      Object.entries(answers).map(async ([command, answer]) => {
        const file = join(String(cli.env.HOME), `${command}.json`);
        await writeFile(file, JSON.stringify(answer));
        return `${command}) cat '${file}' ;;`;
      }),
    );
    await cli.provide('aws', `echo "$*" >&2; case $2 in ${cases.join('\n')} esac`);
    const args = ['scripts/restore-tables.mjs', 'portside', '2026-11-30T12:00:00Z', ...tables];
    return new Promise<{ code: number; output: string }>((resolve) => {
      execFile(process.execPath, args, { cwd: PROJECT, env: cli.env }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });
  };

  it.each([
    ['template.yaml', ['VotesTable', 'TalliesTable', 'TasksTable', 'QueuesTable']],
    ['deploy/fargate.yaml', ['VotesTable', 'TalliesTable', 'TasksTable', 'QueuesTable']],
  ])('makes templates of %s that stand by themselves, and the last is as it was', async (path, tables) => {
    const { code, output } = await restore(path, tables);
    expect({ code, output }).toMatchObject({ code: 0 });

    const folder = /all templates, are in (\S+)/.exec(output)?.[1] ?? '';
    const [detached, imported, asItWas] = ['1-detached', '2-import', '3-as-it-was'].map(
      (name) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Template,
    ) as [Template, Template, Template];
    for (const template of [detached, imported, asItWas]) {
      const known = new Set([...Object.keys(template.Parameters), ...Object.keys(template.Resources)]);
      expect(namedIn(template).filter((name) => !known.has(name) && !name.includes('::'))).toEqual([]);
    }
    expect(namedIn(asItWas)).toEqual(expect.arrayContaining(tables));
    expect(Object.keys(asItWas.Resources)).toEqual(Object.keys(readTemplate(path).Resources));
    expect(namedIn(imported).filter((name) => tables.includes(name))).toEqual([]);
    expect(Object.keys(imported.Resources).sort()).toEqual(Object.keys(asItWas.Resources).sort());
    for (const table of tables) {
      expect(Object.keys(detached.Resources)).not.toContain(table);
      expect(JSON.stringify(detached)).toMatch(new RegExp(`"portside-${table}-restored-\\d+"`));
      expect(imported.Resources[table]).toEqual(asItWas.Resources[table]);
    }
  });

  it('does nothing while containers run', async () => {
    const { code, output } = await restore('deploy/fargate.yaml', ['StocksTable'], 2);

    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('still runs 2 containers') });
    expect(output).not.toContain('restore-table-to-point-in-time');
  });

  it('does nothing for a table that the stack does not have, or for none', async () => {
    for (const [tables, said] of [
      [['ApiFunction'], 'has no table ApiFunction'],
      [[], 'usage'],
    ] as const)
      expect(await restore('template.yaml', tables)).toEqual({ code: 1, output: expect.stringContaining(said) });
  });
});
