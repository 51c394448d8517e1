import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from '@jest/globals';

const RUNTIME = resolve(import.meta.dirname, 'runtime.mjs');

let bundling: Promise<string> | undefined;
const running = new Set<ChildProcess>();

/** The folder with the bundle of each function, made at the first use in a test file. */
export function functionBundles(): Promise<string> {
  bundling ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portside-functions-'));
    await promisify(execFile)(process.execPath, ['scripts/build-lambda.mjs', folder]);
    return folder;
  })();
  return bundling;
}

/** A bundled function in a process of its own, with nothing of this process's environment. */
export class FunctionProcess {
  output = '';
  private queue: Promise<unknown> = Promise.resolve();

  private readonly ended: Promise<never>;

  private constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit').then(() => {
      throw new Error(`the function ended:\n${this.output}`);
    });
    this.ended.catch(() => undefined);
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk) => {
        this.output += chunk;
      });
  }

  /**
   * Loads the function that template.yaml calls so.
   *
   * @param file the bundle's name, without its ending
   * @throws Error with what it printed, if it ends instead of getting ready
   */
  static async start(name: string, file: string, env: Readonly<Record<string, string>>): Promise<FunctionProcess> {
    const bundle = join(await functionBundles(), name, `${file}.mjs`);
    const child = fork(RUNTIME, [bundle], { env: { AWS_REGION: 'eu-west-1', ...env }, silent: true, execArgv: [] });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const started = new FunctionProcess(child);
    await started.answer();
    return started;
  }

  /** @throws Error with the function's own stack, if it throws */
  invoke<Result>(event: object): Promise<Result> {
    const answered = this.queue.then(() => {
      this.child.send(event);
      return this.answer();
    });
    this.queue = answered.catch(() => undefined);
    return answered as Promise<Result>;
  }

  private async answer(): Promise<unknown> {
    const message = new Promise((resolve) => this.child.once('message', resolve));
    const { result, error } = (await Promise.race([message, this.ended])) as { result?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  }
}

afterAll(async () => {
  await Promise.all(
    [...running].map((child) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      return ended;
    }),
  );
  if (bundling) await rm(await bundling, { recursive: true, force: true });
});
