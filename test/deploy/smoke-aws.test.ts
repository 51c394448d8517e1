import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AwsCli } from './aws-cli.ts';
import { INSTALLATION_MS } from './python-environment.ts';
import { Smoke } from './smoke-aws.ts';

interface Played {
  /** A command of the AWS CLI, by how it begins. */
  readonly fails?: string;
  /** In the results of each poll. */
  readonly votes?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Where AWS, SAM and the API are programs that say what they should; a run on the emulator is in runbooks.test.ts. */
describe('scripts/smoke-aws.sh', () => {
  let cli: AwsCli;
  beforeAll(async () => {
    cli = await AwsCli.start('http://127.0.0.1:9');
    await cli.provide('sam', 'exit 0');
  }, INSTALLATION_MS);
  afterAll(() => cli?.stop());

  const smoke = async ({ fails = 'nothing', votes = 1, env = {} }: Played = {}) => {
    await cli.provide(
      'aws',
      `case "$*" in
      '${fails}'*) exit 254 ;;
      *'Stacks[0].StackId'*) echo arn:of:stack ;;
      *describe-stack-events*) printf 'AWS::DynamoDB::Table\\tvotes\\nAWS::SecretsManager::Secret\\tvoters\\n' ;;
      *get-secret-value*) echo '{"admin":"key"}' ;;
      *get-item*) echo '{"Item":{"marks":{}}}' ;;
      *) echo name ;;
      esac`,
    );
    await cli.provide('curl', `echo '{"total":${votes}}'`);
    return Smoke.start({ ...cli.env, SMOKE_STEPS: '1', ...env }).ended;
  };

  it('says what it would need where there are no credentials', async () => {
    const { code, output } = await smoke({ fails: 'sts' });

    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('set AWS_PROFILE') });
    expect(output).not.toContain('---');
  });

  it('says what it would need where there is no region', async () => {
    const { code, output } = await smoke({ env: { AWS_REGION: '' } });

    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('AWS_REGION is not set') });
  });

  it('ends with 0 where all is as it should be', async () => {
    const { code, output } = await smoke();

    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('verdict: as it should be') });
  });

  it('ends with 1 where a vote is counted twice', async () => {
    const { code, output } = await smoke({ votes: 2 });

    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('failed: smoke has one vote') });
  });

  it('names steps that it leaves out', async () => {
    const { output } = await smoke({ env: { SMOKE_STEPS: '1 5 6', SMOKE_REDIS: 'redis' } });

    for (const step of ['5', '6']) expect(output).toContain(`left out: ${step}, since SMOKE_FARGATE_STACK is not set`);
  });

  it.each([
    ['cloudformation describe-stacks --stack-name portside', 'the stack portside-smoke'],
    ['cloudformation delete-stack', 'the stack portside-smoke'],
    ['cloudformation wait stack-delete-complete', 'the stack portside-smoke'],
    ['cloudformation describe-stack-events', 'what outlives the stack'],
    ['dynamodb delete-table', 'the table votes is left'],
    ['secretsmanager delete-secret', 'the secret voters is left'],
  ])('ends with 1 and says what is left when %s fails', async (fails, left) => {
    const { code, output } = await smoke({ fails });

    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('verdict: NOT as it should be') });
    expect(output).toContain(`failed: ${left}`);
  });
});
