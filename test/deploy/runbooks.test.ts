import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorization } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { sendingTo } from '../helpers/http.ts';
import { PROJECT, readFromProject } from '../helpers/project.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { AwsCli } from './aws-cli.ts';
import { clientOptions, DeployedStack } from './deployed-stack.ts';
import { Deployment } from './deployment.ts';
import { OLD_FARGATE, putOldItems } from './first-release.ts';
import { ACCOUNT } from './ministack.ts';
import { INSTALLATION_MS } from './python-environment.ts';
import { fitForEmulator } from './sam.ts';
import { Smoke } from './smoke-aws.ts';

let deployment: Deployment;
let cli: AwsCli;
let clouds: CloudFormationClient;
beforeAll(async () => {
  deployment = await Deployment.start();
  cli = await AwsCli.start(deployment.aws.endpoint);
  clouds = new CloudFormationClient(clientOptions(deployment.aws.endpoint));
}, INSTALLATION_MS);
afterAll(async () => {
  await cli?.stop();
  await deployment?.stop();
});

/** Names of stacks, tables and secrets. */
async function whatIsThere(): Promise<string[]> {
  const { Stacks = [] } = await clouds.send(new DescribeStacksCommand({}));
  const { TableNames = [] } = await deployment.stack.tables.send(new ListTablesCommand({}));
  const secrets = new SecretsManagerClient(clientOptions(deployment.aws.endpoint));
  const { SecretList = [] } = await secrets.send(new ListSecretsCommand({ MaxResults: 100 }));
  return [...Stacks.map(({ StackName }) => StackName), ...TableNames, ...SecretList.map(({ Name }) => Name)]
    .map(String)
    .sort();
}

/** The commands of a page, from where a heading begins. */
function commandsIn(page: string, heading: string): string[] {
  const section =
    readFromProject(page)
      .split(`${heading}\n`)[1]
      ?.split(/^#{1,3} /m)[0] ?? '';
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => String(commands));
}

describe('docs/operations.md on going back to an earlier moment', () => {
  it('puts tables back in the place of those of the stack, with commands that work as they stand there', async () => {
    const admin = async (method: string, url: string, body?: object) => {
      const answer = await deployment.send({ method, url, headers: authorization, body });
      return JSON.parse(answer.body);
    };
    const vote = async () =>
      (await deployment.send({ method: 'POST', url: '/polls/kept/votes', body: { choice: 'RED' } })).status;
    await admin('POST', '/polls', { pollId: 'kept', question: 'Which colour?', choices: ['RED', 'BLUE'] });
    expect(await vote()).toBe(201);
    const before = deployment.stack;
    const tables = ['VotesTable', 'TalliesTable'];

    const [restore = ''] = commandsIn('docs/operations.md', '### Going back to an earlier moment');
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', restore], {
      cwd: PROJECT,
      env: { ...cli.env, MOMENT: new Date().toISOString() },
    });

    const after = await DeployedStack.find(deployment.aws);
    for (const table of tables) {
      expect(after.nameOf(table)).toContain('-restored-');
      expect(stdout).toContain(`the table ${before.nameOf(table)}\n`);
      // What was before is left.
      await before.tables.send(new DescribeTableCommand({ TableName: before.nameOf(table) }));
    }
    expect(after.namesOf('AWS::DynamoDB::Table').sort()).toEqual(before.namesOf('AWS::DynamoDB::Table').sort());
    const description = await after.tables.send(new DescribeTableCommand({ TableName: after.nameOf('VotesTable') }));
    expect((await after.mappingOf('VotesStreamFunction')).EventSourceArn).toBe(description.Table?.LatestStreamArn);
    expect(await admin('GET', '/polls/past/results')).toMatchObject({ total: 4 });
    // The functions write into the restored tables alone, which they may, and the stream of them is read.
    expect(await vote()).toBe(201);
    const tally = new GetCommand({
      TableName: after.nameOf('TalliesTable'),
      Key: { pk: 'TALLY#kept', sk: 'TALLY' },
    });
    await eventually(
      async () => (await after.tables.send(tally)).Item?.revision,
      (revision) => revision > 1,
      30_000,
    );
    expect(await admin('GET', '/polls/kept/results')).toMatchObject({ total: 2 });
    expect(await admin('GET', '/queues/old-mail')).toMatchObject({ pending: 1 });
  }, 300_000);
});

describe('docs/deploy.md on ECS Fargate', () => {
  const STACK_NAME = 'portside-fargate';
  let folder: string;
  let before: DeployedStack;
  let stack: DeployedStack;
  const bash = async (script: string, env = {}) =>
    (
      await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
        env: { ...cli.env, ...env },
      })
    ).stdout;
  const text = async (command: string) => (await bash(`aws ${command} --output text`)).trim();
  /** What a container is given, as ECS gives it. The emulator keeps secrets in the spelling of CloudFormation, which no client reads. */
  const environmentOf = async (task: string): Promise<Record<string, string>> => {
    const answer =
      await bash(`curl -sf --aws-sigv4 "aws:amz:$AWS_REGION:ecs" -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\
      -H 'x-amz-target: AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition' \\
      -H 'content-type: application/x-amz-json-1.1' -d '{"taskDefinition":"${stack.nameOf(task)}"}' "$AWS_ENDPOINT_URL"`);
    const { environment, secrets } = JSON.parse(answer).taskDefinition.containerDefinitions[0];
    const manager = new SecretsManagerClient(clientOptions(deployment.aws.endpoint));
    const read = async ({ Name, ValueFrom }: { Name: string; ValueFrom: string }) => [
      Name,
      (await manager.send(new GetSecretValueCommand({ SecretId: ValueFrom }))).SecretString,
    ];
    const plain = environment.map(({ name, value }: { name: string; value: unknown }) => [name, String(value)]);
    return Object.fromEntries([...plain, ...(await Promise.all(secrets.map(read)))]);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portside-fargate-'));
    await mkdir(join(folder, 'deploy'));
    await cli.provide('docker', 'exit 0');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('deploys, and updates a stack of the first release with data in it, with commands that work as they stand there', async () => {
    const [, deploy = ''] = commandsIn('docs/deploy.md', '## On ECS Fargate');
    const VPC = await text("ec2 describe-vpcs --query 'Vpcs[0].VpcId'");
    const subnets = await text(
      `ec2 describe-subnets --filters Name=vpc-id,Values=${VPC} --query 'Subnets[0:2].SubnetId'`,
    );
    const PUBLIC = subnets.split(/\s+/).join(',');
    const env = { REGISTRY: 'registry.example.org', VPC, PUBLIC, PRIVATE: PUBLIC, BUCKET: 'templates' };
    await bash('aws s3 mb s3://templates');
    const deployed = async (template: string): Promise<DeployedStack> => {
      await writeFile(join(folder, 'deploy/fargate.yaml'), readFromProject(template));
      await fitForEmulator(join(folder, 'deploy/fargate.yaml'));
      await bash(deploy, env);
      return DeployedStack.find(deployment.aws, STACK_NAME);
    };
    before = await deployed(OLD_FARGATE);
    // A container does not start on a poll that was left open.
    await putOldItems(before.tables, before.nameOf.bind(before), /left-open/);
    stack = await deployed('deploy/fargate.yaml');

    for (const table of before.namesOf('AWS::DynamoDB::Table'))
      expect([table, stack.nameOf(table)]).toEqual([table, before.nameOf(table)]);
  }, 300_000);

  it('gives the API what it needs, the rights with it, and it reads and counts that data', async () => {
    const settings: Record<string, string> = {
      ...(await environmentOf('ApiTask')),
      AWS_ENDPOINT_URL: deployment.aws.endpoint,
      // There is no Redis behind its address.
      CACHE: 'memory',
      RATE_SOURCES: deployment.rateSources,
    };
    // In the place of ECS, which alone may have these roles.
    const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' };
    const asRole = async (name: string) => {
      const document = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
      await bash(
        `aws iam update-assume-role-policy --role-name '${stack.nameOf(name)}' --policy-document '${document}'`,
      );
      const { accessKeyId, secretAccessKey, sessionToken } = await stack.credentialsOf(name);
      return {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
      };
    };
    const api = await ServerProcess.start({ ...settings, ...(await asRole('ApiRole')) });
    const key = JSON.parse(settings.API_KEYS as string).admin;
    const answer = async (method: string, url: string, body?: object) => {
      const sent = await sendingTo(api.url)({ method, url, headers: { authorization: `Bearer ${key}` }, body });
      if (sent.status >= 400) throw new Error(`${method} ${url}: ${sent.body}\n${api.stdout}`);
      return JSON.parse(sent.body);
    };
    expect(await answer('GET', '/polls/past/results')).toMatchObject({ total: 4, status: 'closed' });
    expect(await answer('GET', '/stock/OLD')).toMatchObject({ value: '97.00' });
    expect(await answer('POST', '/queues/old-mail/claims', {})).toMatchObject({
      tasks: [{ payload: { to: 'first' } }],
    });
    await answer('POST', '/polls', { pollId: 'new', question: 'Which colour?', choices: ['RED', 'BLUE'] });
    await answer('POST', '/polls/new/votes', { choice: 'RED' });
    expect(api.stdout).not.toContain('AccessDenied');
    expect(await api.stop()).toEqual({ code: 0, signal: null });
  }, 300_000);

  it('is deleted but for its tables, the key of voters and the log of the load balancer', async () => {
    await bash(
      `aws cloudformation delete-stack --stack-name ${STACK_NAME} && aws cloudformation wait stack-delete-complete --stack-name ${STACK_NAME}`,
    );

    await expect(DeployedStack.find(deployment.aws, STACK_NAME)).rejects.toThrow('does not exist');
    const kept = ['VotesTable', 'VoterKeySecret', 'LoadBalancerLogs'].map((name) => stack.nameOf(name));
    const buckets = await text("s3api list-buckets --query 'Buckets[].Name'");
    const found = [...(await whatIsThere()), ...buckets.split(/\s+/)];
    for (const name of kept) expect(found.some((one) => name.includes(one))).toBe(true);
  }, 300_000);
});

describe('scripts/smoke-aws.sh', () => {
  /** The API of the stack that it deploys. The emulator makes no routes, and only it knows the host of the API. */
  let api: Server;
  let stack: DeployedStack | undefined;
  let before: readonly string[];
  const smoke = (): Smoke => {
    const { port } = api.address() as AddressInfo;
    return Smoke.start({ ...cli.env, SMOKE_STEPS: '1 5', SMOKE_API: `http://127.0.0.1:${port}` });
  };
  const smokeStack = async (): Promise<string | undefined> =>
    (await clouds.send(new DescribeStacksCommand({}))).Stacks?.map(({ StackName }) => StackName).find((name) =>
      name?.startsWith('portside-smoke-'),
    );

  beforeAll(async () => {
    api = createServer(async (request, response) => {
      const { method = '', url = '', headers } = request;
      const body = await buffer(request);
      if (!stack) {
        stack = await DeployedStack.find(deployment.aws, await smokeStack());
        await stack.importRoutes();
      }
      const { host: _, 'content-length': __, ...kept } = headers;
      const sent = { method, url, headers: kept as Record<string, string> };
      const answer = await stack.send(body.length > 0 ? { ...sent, body: JSON.parse(body.toString()) } : sent);
      response.writeHead(answer.status).end(answer.body);
    }).listen(0, '127.0.0.1');
    // What `sam build` makes of the template is the same every time, and is here without what the emulator cannot.
    await cli.provide(
      'sam',
      `case $1 in
      build) cp -r '${deployment.sam.buildFolder}' "$3" ;;
      *) ${deployment.sam.command} "$@" ;;
      esac`,
    );
    before = await whatIsThere();
  });
  afterAll(() => void api?.close());

  it('tries the stack, says what it leaves out, and takes everything away', async () => {
    const { code, output } = await smoke().ended;

    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('verdict: as it should be') });
    for (const line of [
      'ok: the vote of once is in a tally',
      'ok: smoke has one vote',
      'left out: 5, since SMOKE_FARGATE',
    ])
      expect(output).toContain(line);
    expect(await whatIsThere()).toEqual(before);
  }, 300_000);

  it('takes everything away when it is interrupted while the stack is made', async () => {
    const run = smoke();
    await eventually(smokeStack, Boolean, 60_000);
    run.interrupt();
    const { code, output } = await run.ended;

    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('failed: interrupted') });
    expect(output).toContain('verdict: NOT as it should be');
    expect(await whatIsThere()).toEqual(before);
  }, 300_000);
});
