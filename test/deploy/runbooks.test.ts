import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.ts';
import { AwsCli } from './aws-cli.ts';
import { clientOptions, DeployedStack } from './deployed-stack.ts';
import { Deployment } from './deployment.ts';
import { INSTALLATION_MS } from './python-environment.ts';
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
  }, 180_000);

  it('takes everything away when it is interrupted while the stack is made', async () => {
    const run = smoke();
    await eventually(smokeStack, Boolean, 60_000);
    run.interrupt();
    const { code, output } = await run.ended;

    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('failed: interrupted') });
    expect(output).toContain('verdict: NOT as it should be');
    expect(await whatIsThere()).toEqual(before);
  }, 180_000);
});
