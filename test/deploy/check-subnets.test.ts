import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROJECT } from '../helpers/project.ts';

interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
}

const NAT = { NatGatewayId: 'nat-1' };
const route = (target: object, State = 'active') => ({ DestinationCidrBlock: '0.0.0.0/0', State, ...target });
const interfaceTo = (service: string, more: object = {}) => ({
  VpcEndpointType: 'Interface',
  ServiceName: `com.amazonaws.eu-west-1.${service}`,
  State: 'available',
  PrivateDnsEnabled: true,
  RouteTableIds: [],
  ...more,
});
const gatewayTo = (service: string, ...RouteTableIds: string[]) =>
  interfaceTo(service, { VpcEndpointType: 'Gateway', PrivateDnsEnabled: false, RouteTableIds });
const EVERYTHING = [
  gatewayTo('dynamodb', 'rtb-a'),
  gatewayTo('s3', 'rtb-a'),
  interfaceTo('dynamodb-streams', { PrivateDnsEnabled: false }),
  ...['secretsmanager', 'logs', 'ecr.api', 'ecr.dkr'].map((service) => interfaceTo(service)),
];

/** A VPC whose main table is `rtb-main`, without a route that leads out. */
interface Vpc {
  /** Of `rtb-a`, which `subnet-a` has. */
  readonly routes?: readonly object[];
  readonly endpoints?: readonly object[];
}

describe('scripts/check-subnets.sh', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portside-subnets-'));
    // Answers as the AWS CLI does, to the filters that it is given.
    const fake = `#!/usr/bin/env bash
      echo "$*" >>"$FAKE/calls"
      case "$*" in
      'ec2 describe-subnets --output json --subnet-ids '*) cat "$FAKE/subnets.json" ;;
      'ec2 describe-route-tables --output json --filters Name=vpc-id,Values=vpc-1') cat "$FAKE/tables.json" ;;
      'ec2 describe-vpc-endpoints --output json --filters Name=vpc-id,Values=vpc-1') cat "$FAKE/endpoints.json" ;;
      *) exit 254 ;;
      esac\n`;
    await writeFile(join(folder, 'aws'), fake);
    await chmod(join(folder, 'aws'), 0o755);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const check = async ({ routes = [], endpoints = [] }: Vpc, ...args: readonly string[]): Promise<Outcome> => {
    const subnets = args.filter((arg) => arg.startsWith('subnet-'));
    const answers = {
      subnets: {
        Subnets: subnets.map((SubnetId) => ({ SubnetId, VpcId: SubnetId === 'subnet-far' ? 'vpc-2' : 'vpc-1' })),
      },
      tables: {
        RouteTables: [
          { RouteTableId: 'rtb-main', Associations: [{ Main: true }], Routes: [] },
          { RouteTableId: 'rtb-a', Associations: [{ Main: false, SubnetId: 'subnet-a' }], Routes: routes },
        ],
      },
      endpoints: { VpcEndpoints: endpoints },
    };
    for (const [name, answer] of Object.entries(answers))
      await writeFile(join(folder, `${name}.json`), JSON.stringify(answer));
    const env = { PATH: `${folder}:${process.env.PATH}`, FAKE: folder };
    return new Promise((resolve) => {
      execFile(join(PROJECT, 'scripts/check-subnets.sh'), args, { env }, (error, stdout, stderr) => {
        const lines = (stdout + stderr).split('\n').filter(Boolean);
        resolve({ code: error ? Number(error.code) : 0, lines });
      });
    });
  };
  const LAMBDA = ['lambda', 'subnet-a'];
  const FARGATE = ['--inside', 'fargate', 'subnet-a'];

  it('finds nothing missing behind a NAT gateway', async () => {
    expect(await check({ routes: [route(NAT)] }, 'fargate', 'subnet-a')).toEqual({
      code: 0,
      lines: ['subnet-a: nat-1 is a way to everything'],
    });
  });

  it('finds nothing missing where there are all endpoints and all that is called lies inside', async () => {
    const { code, lines } = await check({ endpoints: EVERYTHING }, ...FARGATE);

    expect({ code, lines }).toEqual({ code: 0, lines: [expect.stringContaining('DynamoDbStreamsEndpoint')] });
  });

  it.each([
    ['without a way to the sources of rates', { endpoints: EVERYTHING }, LAMBDA, /no way out of the VPC/],
    ['by a NAT gateway that is gone', { routes: [route(NAT, 'blackhole')] }, LAMBDA, /by nat-1 is blackhole/],
    ['by an internet gateway', { routes: [route({ GatewayId: 'igw-1' })] }, LAMBDA, /no way to dynamodb /],
    ['without any endpoint', {}, LAMBDA, /no way to secretsmanager \(no NAT gateway in rtb-a/],
    ...['dynamodb', 'dynamodb-streams', 'secretsmanager', 'logs', 'ecr.api', 'ecr.dkr', 's3'].map(
      (service) =>
        [
          `without the endpoint for ${service}`,
          { endpoints: EVERYTHING.filter(({ ServiceName }) => ServiceName !== `com.amazonaws.eu-west-1.${service}`) },
          FARGATE,
          new RegExp(`no way to ${service} `),
        ] as const,
    ),
    [
      'whose endpoint is not called by its name',
      { endpoints: [...EVERYTHING.slice(1), interfaceTo('dynamodb', { PrivateDnsEnabled: false })] },
      FARGATE,
      /endpoint for dynamodb is not called, since its private DNS is off/,
    ],
    [
      'whose endpoint is not there yet',
      { endpoints: [...EVERYTHING.slice(1), interfaceTo('dynamodb', { State: 'pending' })] },
      FARGATE,
      /no way to dynamodb /,
    ],
    [
      'whose table no gateway endpoint names',
      { endpoints: EVERYTHING },
      ['--inside', 'fargate', 'subnet-b'],
      /no way to s3 \(no NAT gateway in rtb-main/,
    ],
  ] as const)('finds what a subnet lacks %s', async (_, vpc, args, expected) => {
    const { code, lines } = await check(vpc, ...args);

    expect(code).toBe(1);
    expect(lines.join('\n')).toMatch(expected);
  });

  it('says that it cannot tell where a route leads, unless something is missing besides', async () => {
    const routes = [route({ TransitGatewayId: 'tgw-1' })];

    expect(await check({ routes }, ...LAMBDA)).toEqual({
      code: 2,
      lines: [expect.stringContaining('leaves by tgw-1')],
    });
    expect((await check({ routes }, ...LAMBDA, 'subnet-b')).code).toBe(1);
  });

  it('refuses subnets of two VPCs, and says how it is called', async () => {
    expect(await check({}, ...LAMBDA, 'subnet-far')).toMatchObject({
      code: 1,
      lines: [expect.stringContaining('not of one VPC')],
    });
    for (const args of [[], ['lambda'], ['ecs', 'subnet-a']])
      expect(await check({}, ...args)).toEqual({ code: 1, lines: [expect.stringContaining('usage')] });
  });
});
