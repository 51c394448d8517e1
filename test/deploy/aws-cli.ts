import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PROJECT } from '../helpers/project.ts';
import { ROOT } from './ministack.ts';
import { pythonWith } from './python-environment.ts';

/** A shell in which `aws` is the AWS CLI, with files of its own and nothing of the user's AWS configuration. */
export class AwsCli {
  private constructor(
    private readonly folder: string,
    /** Of what is run in it. */
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** @param endpoint the AWS that it calls */
  static async start(endpoint: string): Promise<AwsCli> {
    const python = await pythonWith('awscli==1.45.11');
    const folder = await mkdtemp(join(tmpdir(), 'portside-aws-'));
    const cli = new AwsCli(folder, {
      PATH: [folder, join(PROJECT, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(':'),
      HOME: folder,
      TMPDIR: folder,
      ...ROOT,
      AWS_DEFAULT_REGION: ROOT.AWS_REGION,
      AWS_ENDPOINT_URL: endpoint,
      AWS_MAX_ATTEMPTS: '1',
    });
    await cli.provide('aws', `exec '${python}' -m awscli "$@"`);
    return cli;
  }

  /** Puts a program into the shell. */
  async provide(name: string, script: string): Promise<void> {
    const path = join(this.folder, name);
    await writeFile(path, `#!/usr/bin/env bash\n${script}\n`);
    await chmod(path, 0o755);
  }

  stop = (): Promise<void> => rm(this.folder, { recursive: true, force: true });
}
