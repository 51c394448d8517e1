import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * Votes a second on disk against memory, alternating within one run: on 50 kept connections, with each vote on a new one, and
 * one vote at a time. Both run all the time and take turns, so that other work on the machine weighs on both; in brackets stands
 * the median of the ratios of rounds. `--folder` is on the disk to be measured; `--rounds` of `--seconds` each.
 */
const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: tmpdir() },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '50' },
  },
});
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number) as [
  number,
  number,
  number,
];
const work = mkdtempSync(join(values.folder, 'portside-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

interface Load {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Makes every sync of the log longer, as a slower disk would. */
const slower = (ms: number): string => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { fdatasync } = fs;
  fs.fdatasync = (fd, done) => fdatasync(fd, (error) => setTimeout(done, ${ms}, error));
  syncBuiltinESMExports();`;

async function start(STORAGE: string, syncMs: number): Promise<{ child: ChildProcess; port: number }> {
  const { PATH = '', HOME = '' } = process.env;
  const preload =
    syncMs > 0 ? { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(slower(syncMs))}` } : {};
  const env = { PATH, HOME, STORAGE, PORT: '0', LOG_LEVEL: 'info', DATA_DIR: join(work, randomUUID()), ...preload };
  const child = spawn(process.execPath, ['dist/server.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-10_000);
      const [, found] = /listening at http:\/\/[^:"]+:(\d+)/.exec(output) ?? [];
      if (found) resolve(Number(found));
    });
    child.once('exit', () => reject(new Error(`the service ended: ${output}`)));
  });
  return { child, port };
}

function vote(port: number, agent: Agent): Promise<number> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    const sent = request({ port, agent, method: 'POST', path: '/polls/colors/votes', headers }, (answer) => {
      answer.resume().once('end', () => {
        if (answer.statusCode === 201) resolve(performance.now() - begin);
        else reject(new Error(`a vote was answered with ${answer.statusCode}`));
      });
    });
    sent.once('error', reject).end('{"choice":"RED"}');
  });
}

async function load(port: number, clients: number, keepAlive: boolean): Promise<Load> {
  const agent = new Agent({ keepAlive, maxSockets: Number.POSITIVE_INFINITY });
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) times.push(await vote(port, agent));
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  times.sort((one, other) => one - other);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99) };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] as number;

function syncMs(): number {
  const file = openSync(join(work, 'sync'), 'w');
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, 'x');
    const begin = performance.now();
    fdatasyncSync(file);
    return performance.now() - begin;
  });
  closeSync(file);
  return median(times);
}

const kinds = [
  { name: `${connections} kept connections`, clients: connections, keepAlive: true },
  { name: `${connections} at once, each vote on a new connection`, clients: connections, keepAlive: false },
  { name: 'one vote at a time', clients: 1, keepAlive: true },
];
console.log(`a sync of ${work} takes ${syncMs().toFixed(2)} ms (median of 200)`);
for (const extraMs of [0, 2, 10]) {
  console.log(
    `\n${extraMs === 0 ? 'this disk' : `syncs ${extraMs} ms longer`} (memory → disk, medians of ${rounds} rounds; ms)`,
  );
  const found = new Map<string, { memory: Load[]; disk: Load[] }>(
    kinds.map(({ name }) => [name, { memory: [], disk: [] }]),
  );
  const services = { memory: await start('memory', 0), disk: await start('disk', extraMs) };
  for (const { port } of Object.values(services)) await load(port, connections, true);
  for (const { name, clients, keepAlive } of kinds)
    for (let round = 0; round < rounds; round++)
      for (const storage of round % 2 === 0 ? (['memory', 'disk'] as const) : (['disk', 'memory'] as const))
        found.get(name)?.[storage].push(await load(services[storage].port, clients, keepAlive));
  for (const { child } of Object.values(services)) {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  }
  for (const [name, { memory, disk }] of found) {
    const figures = (['perSecond', 'p50', 'p99'] as const).map((key) => {
      const [before, after] = [memory, disk].map((loads) => median(loads.map((each) => each[key])).toFixed(1));
      const ratio = median(disk.map((each, round) => each[key] / (memory[round]?.[key] ?? Number.NaN)));
      return `${key} ${before} → ${after} (${ratio.toFixed(2)})`;
    });
    console.log(`  ${name.padEnd(48)} ${figures.join(', ')}`);
  }
}
