import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT } from '../helpers/project.ts';
import { ROOT } from './ministack.ts';
import { pythonWith } from './python-environment.ts';

/** The SAM CLI, with files of its own and nothing of the user's AWS configuration. */
export class Sam {
  private constructor(
    private readonly python: string,
    private readonly folder: string,
    private readonly endpoint: string | undefined,
  ) {}

  /** @param endpoint the AWS into which it deploys */
  static async start(endpoint?: string): Promise<Sam> {
    const python = await pythonWith('aws-sam-cli==1.170.0');
    return new Sam(python, await mkdtemp(join(tmpdir(), 'portside-sam-')), endpoint);
  }

  /** Where {@link build} puts each function, and the template that refers to them. */
  get buildFolder(): string {
    return join(this.folder, 'build');
  }

  /** As the README says, from the working directory. */
  build = (): Promise<string> => this.run('build', '--build-dir', this.buildFolder);

  /** Deploys what was built, or what has changed since. */
  deploy(parameters: Readonly<Record<string, string>>): Promise<string> {
    const overrides = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
    const template = ['--template-file', join(this.buildFolder, 'template.yaml'), '--config-file', SETTINGS];
    return this.run('deploy', ...template, '--no-confirm-changeset', '--parameter-overrides', ...overrides);
  }

  delete = (): Promise<string> => this.run('delete', '--no-prompts', '--region', ROOT.AWS_REGION);

  /** @throws Error with what is wrong with the template */
  validate = (template: string): Promise<string> =>
    this.run('validate', '--template-file', template, '--config-file', SETTINGS);

  stop = (): Promise<void> => rm(this.folder, { recursive: true, force: true });

  private async run(...args: readonly string[]): Promise<string> {
    const env = {
      PATH: `${join(PROJECT, 'node_modules/.bin')}:${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: this.folder,
      TMPDIR: this.folder,
      SAM_CLI_TELEMETRY: '0',
      ...ROOT,
      AWS_DEFAULT_REGION: ROOT.AWS_REGION,
      ...(this.endpoint ? { AWS_ENDPOINT_URL: this.endpoint } : {}),
    };
    const options = { cwd: PROJECT, env, maxBuffer: 1e8 };
    const { stdout, stderr } = await promisify(execFile)(this.python, ['-m', 'samcli', ...args], options).catch(
      (error) => {
        throw new Error(`sam ${args.join(' ')}\n${error.stdout}\n${error.stderr}`);
      },
    );
    return stdout + stderr;
  }
}

/** Given by name, since it does not lie beside the template that was built. */
const SETTINGS = join(PROJECT, 'samconfig.toml');
