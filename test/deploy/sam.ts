import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isSeq, parseDocument, type Scalar, type YAMLMap } from 'yaml';
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

  /** By which a shell starts it. */
  get command(): string {
    return `'${this.python}' -m samcli`;
  }

  /** As the README says, from the working directory. */
  async build(): Promise<string> {
    const output = await this.run('build', '--build-dir', this.buildFolder);
    if (this.endpoint) await fitForEmulator(join(this.buildFolder, 'template.yaml'));
    return output;
  }

  /** Deploys what was built, or what has changed since. */
  deploy(parameters: Readonly<Record<string, string>>): Promise<string> {
    const overrides = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
    return this.deployTemplate(join(this.buildFolder, 'template.yaml'), '--parameter-overrides', ...overrides);
  }

  /** Deploys a template whose functions need no build, or are built. */
  deployTemplate = (template: string, ...more: readonly string[]): Promise<string> =>
    this.run('deploy', '--template-file', template, '--config-file', SETTINGS, '--no-confirm-changeset', ...more);

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

/**
 * Lets each alarm with an expression watch the first of its metrics instead, since the emulator knows no metric math: what
 * the expressions say is tried in `test/architecture/alarms`. Leaves out the scaling of applications, which its
 * CloudFormation does not have, and the protection of tables: it takes the word `false` for a yes.
 */
export async function fitForEmulator(path: string): Promise<void> {
  const template = parseDocument(await readFile(path, 'utf8'), { logLevel: 'error' });
  const resources = template.get('Resources') as YAMLMap<Scalar<string>, YAMLMap>;
  for (const { key, value } of [...resources.items]) {
    const properties = value?.get('Properties') as YAMLMap | undefined;
    const type = String(value?.get('Type'));
    if (type.startsWith('AWS::ApplicationAutoScaling::')) resources.delete(key.value);
    if (type === 'AWS::DynamoDB::Table') properties?.delete('DeletionProtectionEnabled');
    const metrics = properties?.get('Metrics');
    if (type !== 'AWS::CloudWatch::Alarm' || !properties || !isSeq<YAMLMap>(metrics)) continue;
    const { Metric, Stat, Period } = metrics.items.map((item) => item.toJS(template).MetricStat).find(Boolean);
    properties.delete('Metrics');
    for (const [name, of] of Object.entries({ ...Metric, Statistic: Stat, Period })) properties.set(name, of);
  }
  await writeFile(path, String(template));
}

/** Given by name, since it does not lie beside the template that was built. */
const SETTINGS = join(PROJECT, 'samconfig.toml');
