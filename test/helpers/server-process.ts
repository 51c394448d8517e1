import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll } from '@jest/globals';
import { eventually } from './eventually.ts';

export interface LogLine {
  /** 30 info, 40 warn, 50 error, 60 fatal. */
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Instead of `node dist/server.js`; run in a folder that looks like the project's after a build. */
  readonly command?: readonly [string, ...string[]];
  /** A module that the process runs before the service. */
  readonly preload?: string;
}

const START_MS = 20_000;
const LAST_OUTPUT_MS = 2_000;

/** The built service as a process of its own, with nothing of this process's environment but what finds programs. */
export class ServerProcess {
  stdout = '';
  stderr = '';
  readonly exit: Promise<Exit>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (chunk) => {
      this.stdout += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk) => {
      this.stderr += chunk;
    });
    const closed = once(child, 'close');
    this.exit = once(child, 'exit').then(async ([code, signal]) => {
      // The last output may come after the exit; it never ends while a process that was left behind holds the pipe.
      await Promise.race([closed, delay(LAST_OUTPUT_MS, undefined, { ref: false })]);
      return { code, signal };
    });
  }

  /** Starts it without waiting for anything, on port 0 and with a new folder for its data unless `env` says otherwise. */
  static async spawn(env: Readonly<Record<string, string>> = {}, options: StartOptions = {}): Promise<ServerProcess> {
    const cwd = await builtProject();
    const [program, ...args] = options.command ?? [process.execPath, 'dist/server.js'];
    const preload = options.preload && {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(options.preload)}`,
    };
    const { PATH = '', HOME = '' } = process.env;
    const DATA_DIR = join(cwd, `data-${++started}`);
    const child = spawn(program, args, { cwd, env: { PATH, HOME, PORT: '0', DATA_DIR, ...preload, ...env } });
    const server = new ServerProcess(child);
    running.add(server);
    void server.exit.then(() => running.delete(server));
    return server;
  }

  /** Starts it and waits until it listens. */
  static async start(env: Readonly<Record<string, string>> = {}, options: StartOptions = {}): Promise<ServerProcess> {
    const server = await ServerProcess.spawn(env, options);
    const outcome = await Promise.race([
      server.exit,
      eventually(
        () => server.url,
        (url) => url !== '',
        START_MS,
      ),
    ]);
    if (typeof outcome !== 'string')
      throw new Error(`ended with ${JSON.stringify(outcome)} instead of listening:\n${server.stdout}${server.stderr}`);
    return server;
  }

  /** Where it listens; empty until it does. */
  get url(): string {
    return /"[^"]*listening[^"]* (http:\/\/[^"]+)"/.exec(this.stdout)?.[1] ?? '';
  }

  /** Every line on stdout that is JSON. */
  get logs(): readonly LogLine[] {
    return this.stdout
      .split('\n')
      .filter(isJson)
      .map((line) => JSON.parse(line));
  }

  /** Everything that it printed and that is no JSON line. */
  get noise(): string {
    return (
      this.stderr +
      this.stdout
        .split('\n')
        .filter((line) => line !== '' && !isJson(line))
        .join('\n')
    );
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it with SIGTERM and waits. */
  async stop(): Promise<Exit> {
    this.kill('SIGTERM');
    return this.exit;
  }
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

let started = 0;
const running = new Set<ServerProcess>();
let building: Promise<string> | undefined;

/** A folder of its own with what the service needs at run time, built at the first use in a test file. */
function builtProject(): Promise<string> {
  building ??= build();
  return building;
}

async function build(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portside-'));
  await promisify(execFile)(process.execPath, ['scripts/build.mjs', join(folder, 'dist')]);
  await copyFile('package.json', join(folder, 'package.json'));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

afterAll(async () => {
  for (const server of running) server.kill('SIGKILL');
  await Promise.all([...running].map((server) => server.exit));
  if (building) await rm(await building, { recursive: true, force: true });
});
