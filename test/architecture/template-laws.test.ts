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
const ofType = (path: string, type: string) => resourcesOf(path).filter(([, { Type }]) => Type === type);

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

  it('every table and every index has a bound on its units, where one is given', () => {
    for (const [, { Properties }] of ofType(path, 'AWS::DynamoDB::Table')) {
      const parts = [Properties, ...((Properties.GlobalSecondaryIndexes ?? []) as (typeof Properties)[])];

      for (const { OnDemandThroughput } of parts) {
        const [condition, { MaxReadRequestUnits, MaxWriteRequestUnits } = {}] = (OnDemandThroughput ?? []) as [
          string,
          Record<string, unknown>,
        ];
        expect([condition, MaxReadRequestUnits, MaxWriteRequestUnits]).toEqual([
          'BoundsTables',
          ['BoundsReads', 'MaxReadUnits', 'AWS::NoValue'],
          ['BoundsWrites', 'MaxWriteUnits', 'AWS::NoValue'],
        ]);
      }
    }
  });

  it('nothing is retained when the first deployment fails, but for a bucket that holds a file by then', () => {
    const retained = resourcesOf(path).filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain');
    expect(retained.map(([, { Type }]) => Type).filter((type) => type !== 'AWS::S3::Bucket')).toEqual([]);
  });

  it('what scales a service falls when it grows', () => {
    const utilizations = ['ECSServiceAverageCPUUtilization', 'BusyRunnerSlots'];
    for (const [, { Properties }] of ofType(path, 'AWS::ApplicationAutoScaling::ScalingPolicy'))
      expect(utilizations.filter((name) => JSON.stringify(Properties).includes(name))).toHaveLength(1);
  });

  it('containers are sent no requests for longer than any may take, before they are told to stop', () => {
    for (const [, { Properties }] of ofType(path, 'AWS::ElasticLoadBalancingV2::TargetGroup')) {
      const attributes = Properties.TargetGroupAttributes as { Key: string; Value: string }[];
      const delay = attributes.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds');
      expect(Number(delay?.Value)).toBeGreaterThanOrEqual(LONGEST_WAIT_SECONDS + 5);
    }
  });

  it('no log driver drops lines without a word about it', () => {
    for (const [, { Properties }] of ofType(path, 'AWS::ECS::TaskDefinition'))
      for (const container of Properties.ContainerDefinitions as { LogConfiguration: { Options: object } }[])
        expect(container.LogConfiguration.Options).toMatchObject({ mode: 'non-blocking', 'max-buffer-size': '25m' });
  });

  it('no resource needs a role that a new account does not have', () => {
    for (const [, { Properties }] of ofType(path, 'AWS::ECS::Cluster'))
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
