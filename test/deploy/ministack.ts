import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/servers/process.ts';
import { CallRecorder } from './call-recorder.ts';
import { pythonWith } from './python-environment.ts';

/** What reaches the emulator as the root user of its one account. */
export const ROOT = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
};

/** The account of {@link ROOT}. */
export const ACCOUNT = '000000000000';

/** An emulated AWS that holds every call of a function against the function's role. */
export interface MiniStack {
  readonly port: number;
  readonly endpoint: string;
  /** Stands between the functions and the emulator, and writes down what they call. */
  readonly recorder: CallRecorder;
  stop(): Promise<void>;
}

/**
 * Starts MiniStack on free ports of loopback, with files of its own and nothing of this process's environment, which its
 * functions would inherit.
 *
 * @throws Error that says what is missing
 */
export async function startMiniStack(): Promise<MiniStack> {
  const python = await pythonWith('ministack==1.5.33', 'aws-sam-translator==1.115.0');
  const folder = await mkdtemp(join(tmpdir(), 'portside-ministack-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const recorder = await CallRecorder.start(port);
  // A process group of its own, since the functions are its children.
  const server = spawn(python, ['-m', 'ministack'], {
    cwd: folder,
    detached: true,
    env: {
      // Functions run on this Node.
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: folder,
      TMPDIR: folder,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_REGION: ROOT.AWS_REGION,
      IOT_MTLS_ENABLED: '0',
      AUTH: 'true',
      AWS_ENDPOINT_URL: recorder.endpoint,
    },
  });
  let output = '';
  for (const stream of [server.stdout, server.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  const stop = async () => {
    await killGroup(server);
    await recorder.stop();
    await rm(folder, { recursive: true, force: true });
  };
  await eventually(
    async () => (await fetch(`${endpoint}/_ministack/health`)).status,
    (status) => status === 200,
    120_000,
  ).catch(async (error) => {
    await stop();
    throw new Error(`MiniStack did not start: ${error.message}\n${output}`);
  });
  return { port, endpoint, recorder, stop };
}

async function killGroup(leader: ChildProcess): Promise<void> {
  if (leader.exitCode !== null || leader.signalCode !== null) return;
  const ended = once(leader, 'exit');
  process.kill(-(leader.pid as number), 'SIGKILL');
  await ended;
}
