/**
 * Times what limits add to a request: the hook that counts an address under two limits, and the one that counts a key,
 * both with buckets in memory.
 *
 *     npm run bench -- limits-hook [count]
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MemoryLimitStore } from '../src/adapters/memory/limit-store.ts';
import { Limiter } from '../src/domain/limits/limiter.ts';
import { settings } from '../src/entrypoints/config/limits.ts';
import { RequestLimits } from '../src/entrypoints/http/limits/request-limits.ts';

const count = Number(process.argv[2] ?? 50_000);
/** What a median request may take, ms. */
const MAX_MEDIAN_MS = 0.05;

const clock = { now: () => Date.now(), earliest: () => Date.now() };
const local = new MemoryLimitStore(clock);
const noCounts = {
  bePresent: () => undefined,
  add: () => undefined,
  flush: async () => undefined,
  read: async () => new Map(),
  remove: async () => undefined,
  processes: () => 1,
};
const limits = new RequestLimits({
  limits: settings.LIMITS.parse(
    'all=1000000/1s,votes=1000000/1s;routes=POST /polls/*/votes,callers=1000000/1s;by=key;routes=POST /polls/*/close',
  ),
  local,
  limiter: new Limiter(local, local, noCounts),
  random: { next: Math.random },
  meter: { record: () => undefined },
  warn: () => undefined,
});

/** As much of a request and its answer as the hooks look at. */
function requestOf(url: string, key: boolean, at: number): [FastifyRequest, FastifyReply] {
  const headers = new Map<string, unknown>();
  const request = {
    id: 'bench',
    method: 'POST',
    params: { pollId: 'colors' },
    clientAddress: `10.${(at >> 8) % 256}.${at % 256}.1`,
    routeOptions: { url, config: { key } },
  };
  const reply = {
    getHeader: (name: string) => headers.get(name),
    header: (name: string, value: unknown) => headers.set(name, value),
  };
  return [request as unknown as FastifyRequest, reply as unknown as FastifyReply];
}

async function timed(what: string, work: (at: number) => Promise<void>): Promise<boolean> {
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    const begin = performance.now();
    await work(at);
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  const share = (of: number) => times[Math.floor(times.length * of)] ?? 0;
  console.log(`${what}: ${share(0.5).toFixed(4)} ms median, ${share(0.99).toFixed(4)} ms p99`);
  return share(0.5) <= MAX_MEDIAN_MS;
}

const holds = [
  await timed('an address under two limits', async (at) => {
    await limits.admitAddress(...requestOf('/polls/:pollId/votes', false, at));
  }),
  await timed('a key under one limit', async (at) => {
    await limits.admitCaller(...requestOf('/polls/:pollId/close', true, at), { subjects: ['key:bench'] });
  }),
];
process.exitCode = holds.every(Boolean) ? 0 : 1;
