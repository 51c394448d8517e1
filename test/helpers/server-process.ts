import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const READY_MS = 15_000;

/** The built server as a user runs it: `dist/server.js` in a process of its own. */
export interface ServerProcess {
  /** Such as `http://127.0.0.1:40123`, without a closing slash. */
  readonly url: string;
  readonly port: string;
  /** Ends it as an operator would. @returns the exit code */
  stop(): Promise<number | null>;
}

/**
 * Starts the server and waits until it listens, on a free port unless `PORT` is given.
 *
 * @param env its whole environment, apart from PATH
 * @throws Error with what it printed, if it ends before it listens or takes longer than 15 s
 */
export async function startServer(env: Record<string, string> = {}): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['dist/server.js'], {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = new URL(await listeningAddress(child));
  return {
    url: url.origin,
    port: url.port,
    stop: async () => {
      if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

async function listeningAddress(child: ChildProcess): Promise<string> {
  const printed: string[] = [];
  const deadline = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  try {
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      printed.push(line);
      const address = /listening.*?(http:\/\/[^"\s]+)/.exec(line)?.[1];
      if (address) {
        child.stdout?.resume();
        return address;
      }
    }
  } finally {
    clearTimeout(deadline);
  }
  throw new Error(`the server ended before it listened:\n${printed.join('\n')}`);
}
