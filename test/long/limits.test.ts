import { afterAll, describe, expect, it } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { startRedis } from '../helpers/servers/redis.ts';
import { withServer } from '../helpers/servers/with-server.ts';

const KEY = 'limits-long-key-0123';
const keyed = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
const report = (line: string): void => void process.stderr.write(`${line}\n`);

/** What both templates set unless told otherwise. */
const TEMPLATE_LIMITS = 'all=3000/1s*30000,votes=200/1s*2000;routes=POST /polls/*/votes,texts=10/60s*20;by=sender';

/** Runs so many at a time, and gives back what each came to. */
async function all<T>(count: number, atATime: number, work: (at: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const run = async () => {
    for (let at = next++; at < count; at = next++) results.push(await work(at));
  };
  await Promise.all(Array.from({ length: atATime }, run));
  return results;
}

const p99 = (times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? 0;

const running: ServerProcess[] = [];
afterAll(async () => {
  await Promise.all(running.splice(0).map((process) => process.stop()));
});

/** How many of 2,000 takes at once four processes allow of a limit of 100. */
async function takesAllowed(endpoint: string, more: Record<string, string>): Promise<number> {
  const env = { ...dynamoDbSettings(endpoint), ...more };
  Object.assign(process.env, dynamoDbEnv(endpoint));
  await makeTables(env);
  const processes: ServerProcess[] = [];
  // One after the other, since a busy machine starts four at once too slowly.
  for (let at = 0; at < 4; at++)
    processes.push(await ServerProcess.start({ ...env, API_KEYS: `long=${KEY}`, ROLE: 'api' }));
  running.push(...processes);
  const urls = processes.map(({ url }) => url);
  // So slow that nothing comes back while it is tried.
  const body = JSON.stringify({ rate: { requests: 1, perSeconds: 86_400, burst: 100 }, onStoreFailure: 'closed' });
  const put = await fetch(`${urls[0]}/limits/hard`, { method: 'PUT', headers: keyed, body });
  expect(put.status).toBe(201);
  const answers = await all(2_000, 64, async (at) => {
    // A take whose answer was lost is repeated under its identity, to any process, and counts once.
    const headers = { ...keyed, 'idempotency-key': `take-${at}` };
    for (let attempt = at; ; attempt++) {
      const init = { method: 'POST', headers, body: JSON.stringify({ key: 'everybody' }) };
      const answer = await fetch(`${urls[attempt % urls.length]}/limits/hard/takes`, init);
      const told = (await answer.json()) as { allowed?: boolean };
      if (answer.status !== 503) return answer.status === 200 && told.allowed === true;
    }
  });
  return answers.filter(Boolean).length;
}

await withServer('takes on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  it('of 2,000 at once on four processes, exactly 100 are allowed: DynamoDB', async () => {
    expect(await takesAllowed(endpoint, {})).toBe(100);
  });

  await withServer('takes on Redis', startRedis, async ({ url }) => {
    it('of 2,000 at once on four processes, exactly 100 are allowed: Redis', async () => {
      expect(await takesAllowed(endpoint, { CACHE: 'redis', REDIS_URL: url })).toBe(100);
    });
  });
});

describe('the limits of the templates', () => {
  const start = () =>
    ServerProcess.start({ API_KEYS: `long=${KEY}`, LIMITS: TEMPLATE_LIMITS, TRUST_PROXY: '1', STORAGE: 'memory' });
  const from = (address: string, headers: Record<string, string> = {}) => ({ 'x-forwarded-for': address, ...headers });
  const vote = (url: string, address: string, voter: string) =>
    fetch(`${url}/polls/colors/votes`, {
      method: 'POST',
      headers: from(address, { 'content-type': 'application/json' }),
      body: JSON.stringify({ choice: 'RED', voter }),
    });

  it('let a hall of 1,000 people behind one address open the page, vote and see the result within 10 s', async () => {
    const server = await start();
    try {
      const begin = performance.now();
      const statuses = await all(1_000, 32, async (at) => {
        const page = await fetch(`${server.url}/`, { headers: from('203.0.113.1') });
        await page.arrayBuffer();
        const voted = await vote(server.url, '203.0.113.1', `person ${at}`);
        await voted.arrayBuffer();
        const results = await fetch(`${server.url}/polls/colors/results`, { headers: from('203.0.113.1') });
        await results.arrayBuffer();
        return `${page.status} ${voted.status} ${results.status}`;
      });
      report(`a hall of 1,000 voted in ${Math.round(performance.now() - begin)} ms`);
      expect(new Set(statuses)).toEqual(new Set(['200 201 200']));
    } finally {
      await server.stop();
    }
  });

  it('hold back whoever makes up 24,000 voters, while others are served about as fast as always', async () => {
    const server = await start();
    try {
      const timed = async (times: number[]): Promise<void> => {
        const begin = performance.now();
        const answer = await fetch(`${server.url}/polls/colors/results`, { headers: from('198.51.100.1') });
        await answer.arrayBuffer();
        expect(answer.status).toBe(200);
        times.push(performance.now() - begin);
      };
      /** Votes of made-up voters, each from an address of its own or from one, and how long others wait meanwhile. */
      const underVotes = async (count: number, addressOf: (at: number) => string) => {
        const times: number[] = [];
        let isOver = false;
        const begin = performance.now();
        const voting = all(count, 16, async (at) => {
          const answer = await vote(server.url, addressOf(at), `${count} ${at}`);
          await answer.arrayBuffer();
          return answer.status;
        }).finally(() => {
          isOver = true;
        });
        while (!isOver) await timed(times);
        const statuses = await voting;
        return { times, counted: statuses.filter((status) => status === 201).length, ms: performance.now() - begin };
      };
      // As many requests, so that both share the processor with as much, all of them counted.
      const normal = await underVotes(2_000, (at) => `10.1.${at >> 8}.${at & 255}`);
      expect(normal.counted).toBe(2_000);
      const flood = await underVotes(24_000, () => '203.0.113.9');
      report(
        `${flood.counted} of 24,000 made-up voters counted in ${Math.round(flood.ms)} ms; others waited ` +
          `${p99(flood.times).toFixed(1)} ms (p99), ${p99(normal.times).toFixed(1)} ms beside as many voters that are let in`,
      );
      const most = 2_000 + (200 * flood.ms) / 1_000 + 1;
      expect(flood.counted).toBeLessThanOrEqual(most);
      expect(flood.counted).toBeGreaterThan(1_999);
      expect(p99(flood.times)).toBeLessThan(2 * p99(normal.times));
      const total = async () =>
        ((await (await fetch(`${server.url}/polls/colors/results`)).json()) as { total: number }).total;
      expect(await eventually(total, (votes) => votes === normal.counted + flood.counted)).toBeGreaterThan(0);
    } finally {
      await server.stop();
    }
  });
});
