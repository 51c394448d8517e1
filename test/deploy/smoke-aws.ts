import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROJECT } from '../helpers/project.ts';

/** `scripts/smoke-aws.sh` at work. */
export class Smoke {
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  private output = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk) => {
        this.output += chunk;
      });
    this.ended = once(child, 'close').then(([code]) => ({ code, output: this.output }));
  }

  static start(env: Readonly<Record<string, string>>): Smoke {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    // A process group of its own, as a terminal makes one.
    return new Smoke(spawn(join(PROJECT, 'scripts/smoke-aws.sh'), { env, detached: true, stdio: [...stdio] }));
  }

  /** As Ctrl-C does: whatever runs in the terminal is told. */
  interrupt(): void {
    process.kill(-(this.child.pid as number), 'SIGINT');
  }
}
