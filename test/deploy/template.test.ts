import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { generalProblems, isFailure, type Problem } from '../../src/entrypoints/http/problems.ts';
import { PROJECT, readFromProject } from '../helpers/project.ts';
import { INSTALLATION_MS } from './python-environment.ts';
import { Sam } from './sam.ts';
import { readTemplate } from './templates.ts';

describe('sam validate --lint', () => {
  let sam: Sam;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portside-template-'));
    sam = await Sam.start();
  }, INSTALLATION_MS);
  afterAll(async () => {
    await sam?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['template.yaml', 'deploy/fargate.yaml'])('finds nothing in %s', async (template) => {
    expect(await sam.validate(join(PROJECT, template))).toContain('is a valid SAM Template');
  });

  it('finds what only the linter knows', async () => {
    const template = join(folder, 'template.yaml');
    await writeFile(
      template,
      readFromProject('template.yaml').replace('BillingMode: PAY_PER_REQUEST', 'BillingMode: PAY'),
    );

    await expect(sam.validate(template)).rejects.toThrow("'PAY' is not one of");
  });
});

describe('template.yaml', () => {
  const { Parameters, Resources } = readTemplate('template.yaml');
  const ofType = (type: string) => Object.entries(Resources).filter(([, { Type }]) => Type === type);

  it('has a default for every parameter, which `sam deploy --guided` takes unless the parameter is hidden', () => {
    const asked = Object.entries(Parameters).filter(([, { Default, NoEcho }]) => Default === undefined || NoEcho);

    expect(asked).toEqual([]);
  });

  it('shows every alarm and what every failure queue holds on the dashboard', () => {
    const body = ofType('AWS::CloudWatch::Dashboard')[0]?.[1].Properties.DashboardBody ?? '';
    const shown = [...body.matchAll(/\$\{(\w+)\.(?:Arn|QueueName)\}/g)].map(([, name]) => name);
    const watched = [...ofType('AWS::CloudWatch::Alarm'), ...ofType('AWS::SQS::Queue')].map(([name]) => name);

    expect(shown.sort()).toEqual(watched.sort());
  });

  it('sets off no alarm for statuses that anybody may bring about, and one for all other failures', () => {
    const problems = Object.values<Problem>(
      Object.assign({}, generalProblems, ...contexts.map((context) => context.problems)),
    );
    const failing = new Set(problems.filter(isFailure).map(({ status }) => status));
    const expected = problems.map(({ status }) => status).filter((status) => status >= 500 && !failing.has(status));
    const { FilterPattern = '' } = ofType('AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties)[0] ?? {};
    const leftOut = [...FilterPattern.matchAll(/\$\.status != "(\d+)"/g)].map(([, status]) => Number(status));

    expect(FilterPattern).toContain('$.status = "5*"');
    expect(leftOut.sort()).toEqual([...new Set(expected)].sort());
  });
});
