/**
 * Connects clients to one process, changes a flag, and measures when each of them is told; then refuses upgrades, and counts
 * what these leave behind:
 *
 *     npm run bench -- flags-sockets [clients] [refusals]
 *
 * Each side needs a file descriptor for each client.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { ClientRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

const clients = Number(process.argv[2] ?? 10_000);
const refusals = Number(process.argv[3] ?? 10_000);
const ROUNDS = 20;
const FLAGS = 20;
const KEY = 'bench-key-0123456789';
/** An address may keep 2,000 connections. */
const CLIENTS_OF_ADDRESS = 1_900;
const headers = { authorization: `Bearer ${KEY}` };

const server = spawn(process.execPath, ['--import', 'tsx', 'src/entrypoints/container/server.ts'], {
  env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', STORAGE: 'memory', API_KEYS: `bench=${KEY}` },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const origin = await addressOf(server);
const socketUrl = `${origin.replace('http', 'ws')}/flag-sets/web/socket`;

try {
  await call('POST', '/flag-sets', { setId: 'web' });
  for (let flag = 0; flag < FLAGS; flag++) await put(`flag-${flag}`, true);
  await measureChanges();
  await measureRefusals();
} finally {
  server.kill('SIGKILL');
}

async function measureChanges(): Promise<void> {
  const quiet = await memoryOf(server);
  let waiting: { readonly revision: number; readonly since: number; readonly times: number[] } | undefined;
  const sockets: WebSocket[] = [];
  const hear = (data: unknown): void => {
    const { type, to } = JSON.parse(String(data));
    if (type === 'change' && to === waiting?.revision) waiting?.times.push(performance.now() - waiting.since);
  };
  while (sockets.length < clients)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(100, clients - sockets.length) }, connect))));
  const busy = await memoryOf(server);
  console.log(`${clients} sockets, ${((busy - quiet) / 1_024 / clients).toFixed(1)} kB each`);

  async function connect(_: unknown, index: number): Promise<WebSocket> {
    const address = `127.0.0.${1 + Math.floor((sockets.length + index) / CLIENTS_OF_ADDRESS)}`;
    const socket = new WebSocket(socketUrl, 'portside.flags.1', { headers, localAddress: address });
    socket.on('message', hear);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'hello', context: { targetingKey: `user-${sockets.length + index}` } }));
    await once(socket, 'message');
    return socket;
  }

  const all: number[] = [];
  const last: number[] = [];
  const cpuBefore = await cpuMsOf(server);
  for (let round = 0; round < ROUNDS; round++) {
    const times: number[] = [];
    const since = performance.now();
    waiting = { revision: FLAGS + round + 1, since, times };
    await put('flag-0', round % 2 === 0);
    while (times.length < clients) await delay(5);
    all.push(...times);
    last.push(Math.max(...times));
    await delay(500);
  }
  console.log(`${ROUNDS} changes of one of ${FLAGS} flags, from the request on:`);
  console.log(
    `told: p50 ${at(all, 0.5)} ms, p99 ${at(all, 0.99)} ms; the last client: p50 ${at(last, 0.5)} ms, p99 ${at(last, 0.99)} ms`,
  );
  const cpuMs = ((await cpuMsOf(server)) - cpuBefore) / ROUNDS;
  console.log(`${Math.round(cpuMs)} ms of processor time of the server for each`);
  for (const socket of sockets) socket.terminate();
}

async function measureRefusals(): Promise<void> {
  await settled();
  const before = await descriptorsOf(server);
  // None of them leaves by itself.
  const requests: ClientRequest[] = [];
  for (let done = 0; done < refusals; done += 20)
    requests.push(...(await Promise.all(Array.from({ length: 20 }, refused))));
  await settled();
  console.log(`${refusals} refused upgrades: ${before} descriptors before, ${await descriptorsOf(server)} after`);
  for (const request of requests) request.destroy();
}

async function refused(): Promise<ClientRequest> {
  const socket = new WebSocket(socketUrl);
  socket.on('error', () => undefined);
  const [request, response] = await once(socket, 'unexpected-response');
  if (response.statusCode !== 401) throw new Error(`answered ${response.statusCode}`);
  response.resume();
  return request;
}

/** Waits until the server has let go of what was closed. */
async function settled(): Promise<void> {
  let before = -1;
  for (let now = await descriptorsOf(server); now !== before; now = await descriptorsOf(server)) {
    before = now;
    await delay(1_000);
  }
}

async function call(method: string, path: string, body: object): Promise<void> {
  const answer = await fetch(origin + path, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

function put(key: string, isOn: boolean): Promise<void> {
  return call('PUT', `/flag-sets/web/flags/${key}`, {
    type: 'boolean',
    variants: { on: true, off: false },
    defaultVariant: isOn ? 'on' : 'off',
    state: 'ENABLED',
  });
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of stdout ?? []) {
    text += chunk;
    const url = /listening[^"]* (http:\/\/[^"]+)"/.exec(text)?.[1];
    if (url) {
      stdout?.resume();
      return url;
    }
  }
  throw new Error(`the server ended:\n${text}`);
}

async function descriptorsOf({ pid }: ChildProcess): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Resident, bytes. */
async function memoryOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024;
}

/** Of the processor; the kernel counts in hundredths of a second. */
async function cpuMsOf({ pid }: ChildProcess): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function at(times: readonly number[], share: number): number {
  const sorted = [...times].sort((one, other) => one - other);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
