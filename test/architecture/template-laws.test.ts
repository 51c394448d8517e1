import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { streamsEndpoint } from '../../src/entrypoints/config/core.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';
import { readFromProject } from '../helpers/project.ts';

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

const PATHS = ['template.yaml', 'deploy/fargate.yaml'];
const resourcesOf = (path: string): [string, Resource][] =>
  Object.entries(parse(readFromProject(path), { logLevel: 'error', merge: true }).Resources);
const parametersOf = (path: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> =>
  parse(readFromProject(path), { logLevel: 'error', merge: true }).Parameters;
const ofType = (path: string, type: string) => resourcesOf(path).filter(([, { Type }]) => Type === type);

/** What the template for Fargate must have, and that for Lambda cannot. */
const onFargate = (path: string, type: string) => {
  const found = ofType(path, type);
  expect(found.length > 0).toBe(path === 'deploy/fargate.yaml');
  return found;
};

/** `waitSeconds` of a claim. */
const LONGEST_WAIT_SECONDS = 20;

/** Tables that are made anew from nothing, and go with the stack. */
const DISPOSABLE = ['LeasesTable'];

describe.each(PATHS)('in %s', (path) => {
  it('every table outlives the stack, but not a first deployment that fails, and can be protected', () => {
    const tables = ofType(path, 'AWS::DynamoDB::Table').filter(([name]) => !DISPOSABLE.includes(name));

    expect(tables.length).toBeGreaterThan(4);
    for (const [name, { DeletionPolicy, UpdateReplacePolicy, Properties }] of tables)
      expect({ name, DeletionPolicy, UpdateReplacePolicy, protection: Properties.DeletionProtectionEnabled }).toEqual({
        name,
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
        protection: 'DeletionProtection',
      });
  });

  it('every table and every index has a bound on its units that is never left out, since one that is stays in force', () => {
    for (const [name, { Properties }] of ofType(path, 'AWS::DynamoDB::Table')) {
      const parts = [Properties, ...((Properties.GlobalSecondaryIndexes ?? []) as (typeof Properties)[])];

      for (const { OnDemandThroughput } of parts)
        expect([name, OnDemandThroughput]).toEqual([
          name,
          { MaxReadRequestUnits: 'MaxReadUnits', MaxWriteRequestUnits: 'MaxWriteUnits' },
        ]);
    }
    // The schema of CloudFormation takes none below 1, so that -1, with which the API of DynamoDB takes a bound away, is none.
    for (const name of ['MaxReadUnits', 'MaxWriteUnits'])
      expect(parametersOf(path)[name]).toMatchObject({ Type: 'Number', MinValue: 1, Default: 40_000 });
  });

  it('no table is made warm by less than a new one takes, which DynamoDB refuses', () => {
    for (const name of ['VotesWarmWriteUnits', 'TasksWarmWriteUnits']) {
      const pattern = new RegExp(`^${parametersOf(path)[name]?.AllowedPattern}$`);
      const taken = ['0', '1', '999', '3999', '4000', '9999', '12000', '100000', '-1', '', '04000'].filter((value) =>
        pattern.test(value),
      );

      expect(taken).toEqual(['0', '4000', '9999', '12000', '100000']);
    }
  });

  it('the dashboard shows what is written into every table', () => {
    const [, dashboard] = ofType(path, 'AWS::CloudWatch::Dashboard')[0] ?? [];
    const body = String(dashboard?.Properties.DashboardBody);
    const tables = ofType(path, 'AWS::DynamoDB::Table').map(([name]) => name);

    expect(tables.filter((name) => !body.includes(`"\${${name}}"`))).toEqual([]);
  });

  it('no metric is made of lines of the service, which LogLevel may leave out', () => {
    const logs = ofType(path, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties.LogGroupName);

    expect(logs.filter((name) => name !== 'AccessLogGroup')).toEqual([]);
  });

  it('nothing is retained when the first deployment fails, but for a bucket that holds a file by then', () => {
    const retained = resourcesOf(path).filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain');
    expect(retained.map(([, { Type }]) => Type).filter((type) => type !== 'AWS::S3::Bucket')).toEqual([]);
  });

  it('what scales a service falls when it grows', () => {
    const utilizations = ['ECSServiceAverageCPUUtilization', 'BusyRunnerSlots'];
    for (const [, { Properties }] of onFargate(path, 'AWS::ApplicationAutoScaling::ScalingPolicy'))
      expect(utilizations.filter((name) => JSON.stringify(Properties).includes(name))).toHaveLength(1);
  });

  it('containers are sent no requests for longer than any may take, before they are told to stop', () => {
    for (const [, { Properties }] of onFargate(path, 'AWS::ElasticLoadBalancingV2::TargetGroup')) {
      const attributes = Properties.TargetGroupAttributes as { Key: string; Value: string }[];
      const delay = attributes.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds');
      expect(Number(delay?.Value)).toBeGreaterThanOrEqual(LONGEST_WAIT_SECONDS + 5);
    }
  });

  it('no log driver drops lines without a word about it', () => {
    for (const [, { Properties }] of onFargate(path, 'AWS::ECS::TaskDefinition'))
      for (const container of Properties.ContainerDefinitions as { LogConfiguration: { Options: object } }[])
        expect(container.LogConfiguration.Options).toMatchObject({ mode: 'non-blocking', 'max-buffer-size': '25m' });
  });

  it('no resource needs a role that a new account does not have', () => {
    for (const [, { Properties }] of onFargate(path, 'AWS::ECS::Cluster'))
      expect(Properties).not.toHaveProperty('CapacityProviders');
  });
});

it('reads streams where their own setting says, before the one for all of DynamoDB', () => {
  const where = (env: Record<string, string>) => streamsEndpoint(readConfig(env, []));
  const [all, streams] = ['http://dynamodb.test', 'https://streams.test'];

  expect(where({})).toBeUndefined();
  expect(where({ AWS_ENDPOINT_URL_DYNAMODB: all })).toBe(all);
  expect(where({ AWS_ENDPOINT_URL_DYNAMODB_STREAMS: streams })).toBe(streams);
  expect(where({ AWS_ENDPOINT_URL_DYNAMODB: all, AWS_ENDPOINT_URL_DYNAMODB_STREAMS: streams })).toBe(streams);
});
