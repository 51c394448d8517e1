import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../helpers/eventually.ts';
import { PROJECT } from '../helpers/project.ts';

const BASE = 'docker.io/library/node:24-bookworm-slim';
const BASE_NODE = '24.9.0';

/** A program that builds images from a Dockerfile and runs them. */
export interface Engine {
  readonly name: string;
  /** Builds the project's Dockerfile as `tag`. */
  build(tag: string): Promise<void>;
  /** What the image takes on disk, and its base alone, bytes. */
  sizes(tag: string): Promise<{ image: number; base: number }>;
  /** Runs the image on the network of the machine; its own command unless one is given. */
  run(tag: string, env: Readonly<Record<string, string>>, command?: readonly string[]): Promise<RunningContainer>;
  remove(tag: string): Promise<void>;
}

/** A container under way. */
export class RunningContainer {
  output = '';
  /** The exit code of its command. */
  readonly exit: Promise<number | null>;

  constructor(
    private readonly child: ChildProcess,
    private readonly signal: (signal: NodeJS.Signals) => Promise<unknown>,
    after: () => Promise<unknown> = async () => undefined,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk) => {
        this.output += chunk;
      });
    this.exit = once(child, 'close').then(async ([code]) => {
      await after();
      return code;
    });
  }

  /** Waits until it listens. @returns its address */
  async url(): Promise<string> {
    const listening = () => /"[^"]*listening[^"]* http:\/\/[^":]+:(\d+)"/.exec(this.output)?.[1];
    const ended = this.exit.then((code) => {
      throw new Error(`ended with ${code} instead of listening:\n${this.output}`);
    });
    const port = await Promise.race([eventually(listening, (found) => found !== undefined, 20_000), ended]);
    return `http://127.0.0.1:${port}`;
  }

  /** Ends it as an orchestrator does. @returns its exit code */
  async stop(): Promise<number | null> {
    await this.signal('SIGTERM');
    return this.exit;
  }

  /** Ends it at once, if it still runs. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null) await this.signal('SIGKILL').catch(() => this.child.kill('SIGKILL'));
    await this.exit;
  }
}

/** Docker where an engine answers, buildah elsewhere. @throws Error that says what is missing */
export async function findEngine(): Promise<Engine> {
  if (await works('docker', 'info')) return docker;
  if (await works('buildah', '--version')) return buildah;
  throw new Error(
    'The image test needs a Docker engine, or root with buildah and debootstrap (Debian: apt-get install both).',
  );
}

const docker: Engine = {
  name: 'docker',
  build: async (tag) => void (await run('docker', ['build', '--tag', tag, PROJECT])),
  sizes: async (tag) => {
    const size = async (name: string) => Number(await run('docker', ['image', 'inspect', '-f', '{{.Size}}', name]));
    return { image: await size(tag), base: await size(BASE) };
  },
  run: async (tag, env, command = []) => {
    const name = `portside-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
    // What a careful operator allows it, and no more.
    const limits = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--network=host'];
    const settings = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const child = spawn('docker', ['run', '--rm', '--name', name, ...limits, ...settings, tag, ...command]);
    return new RunningContainer(child, (signal) => run('docker', ['kill', '--signal', signal, name]));
  },
  remove: async (tag) => void (await run('docker', ['image', 'rm', '--force', tag])),
};

/**
 * Builds and runs without an engine, in a changed root: the same Dockerfile and the same layers. What an engine adds
 * (health checks, limits, a root file system that is read-only) is not there.
 */
const buildah: Engine = {
  name: 'buildah',
  build: async (tag) => {
    await provideBase();
    const mounts = (await npmSettings()).flatMap(([path, inside]) => ['--volume', `${path}:${inside}:ro`]);
    const args = ['bud', '--format=docker', '--pull=never', '--network=host', ...mounts, '--tag', tag, PROJECT];
    await run('buildah', args);
  },
  sizes: async (tag) => {
    const size = async (name: string) => {
      const [image] = JSON.parse(await run('buildah', ['images', '--json', name]));
      return Number.parseFloat(image.size) * (/GB/.test(image.size) ? 1e9 : 1e6);
    };
    return { image: await size(tag), base: await size(BASE) };
  },
  run: async (tag, env, command) => {
    const container = (await run('buildah', ['from', '--pull=never', tag])).trim();
    const settings = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const { Entrypoint, Cmd } = JSON.parse(await run('buildah', ['inspect', '--type=image', tag])).OCIv1.config;
    const words = command ?? [...(Entrypoint ?? []), ...(Cmd ?? [])];
    const child = spawn('buildah', ['run', '--network=host', ...settings, container, '--', ...words], {
      env: ENVIRONMENT,
    });
    // buildah passes no signal on: it goes to the process of the image.
    const signal = async (name: NodeJS.Signals) => process.kill(await lastDescendant(child.pid as number), name);
    return new RunningContainer(child, signal, () => run('buildah', ['rm', container]));
  },
  remove: async (tag) => void (await run('buildah', ['rmi', '--force', tag])),
};

const ENVIRONMENT = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };

async function run(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { env: ENVIRONMENT, maxBuffer: 1e8 });
  return stdout;
}

const works = (program: string, ...args: string[]): Promise<boolean> =>
  run(program, args).then(
    () => true,
    () => false,
  );

async function provideBase(): Promise<void> {
  if (await works('buildah', 'inspect', '--type=image', BASE)) return;
  if (await works('buildah', 'pull', '--quiet', BASE)) return;
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'portside', 'base-image');
  await run(join(PROJECT, 'test/image/base-image.sh'), [folder, BASE_NODE]);
}

/** The files that tell npm of this machine how to reach the registry, and where npm of the image looks for them. */
async function npmSettings(): Promise<[string, string][]> {
  const { userconfig, globalconfig, cafile } = JSON.parse(await run('npm', ['config', 'list', '--json']));
  const files: [string, string][] = [
    [userconfig, '/root/.npmrc'],
    [globalconfig, '/usr/local/etc/npmrc'],
    [cafile, cafile],
  ];
  return files.filter(([path]) => path && existsSync(path));
}

/** The process at the end of a chain of children: buildah's own processes stand before that of the image. */
async function lastDescendant(pid: number): Promise<number> {
  const children = async (parent: number): Promise<number[]> => {
    const threads = await readdir(`/proc/${parent}/task`);
    const lists = threads.map((thread) => readFile(`/proc/${parent}/task/${thread}/children`, 'utf8'));
    return (await Promise.all(lists)).join(' ').split(' ').filter(Boolean).map(Number);
  };
  const [child] = await children(pid);
  return child === undefined ? pid : lastDescendant(child);
}
