import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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

/** So slow that nothing comes back while it is tried. */
const HUNDRED = { requests: 1, perSeconds: 86_400, burst: 100 };
/** After so many attempts a take that is answered 503 is given up. */
const MAX_ATTEMPTS = 50;

interface Told {
  readonly status: number;
  readonly allowed: boolean;
}

/** Four processes that share a store, of which tests may kill some. */
class Fleet {
  private alive: readonly ServerProcess[] = [];

  /** Starts them one after the other, since a busy machine starts four at once too slowly. */
  async start(endpoint: string, more: Record<string, string>): Promise<void> {
    const env = { ...dynamoDbSettings(endpoint), ...more };
    Object.assign(process.env, dynamoDbEnv(endpoint));
    await makeTables(env);
    for (let at = 0; at < 4; at++)
      this.alive = [...this.alive, await ServerProcess.start({ ...env, API_KEYS: `long=${KEY}`, ROLE: 'api' })];
  }

  async stop(): Promise<void> {
    await Promise.all(this.alive.map((one) => one.stop()));
  }

  async kill(): Promise<void> {
    const [victim, ...others] = this.alive;
    this.alive = others;
    victim?.kill('SIGKILL');
    await victim?.exit;
  }

  async put(policyId: string, settings: object): Promise<void> {
    const body = JSON.stringify({ rate: HUNDRED, onStoreFailure: 'closed', ...settings });
    const put = await fetch(`${this.urlAt(0)}/limits/${policyId}`, { method: 'PUT', headers: keyed, body });
    expect(put.status).toBe(201);
  }

  /** What all of them have counted as allowed. */
  async allowedOf(policyId: string): Promise<number> {
    const answer = await fetch(`${this.urlAt(0)}/limits/${policyId}`, { headers: keyed });
    return ((await answer.json()) as { allowed: number }).allowed;
  }

  /** @param at which of them is asked, in turn */
  async take(at: number, policyId: string, key: string, headers: Record<string, string> = {}): Promise<Told> {
    const init = { method: 'POST', headers: { ...keyed, ...headers }, body: JSON.stringify({ key }) };
    const answer = await fetch(`${this.urlAt(at)}/limits/${policyId}/takes`, init);
    const { allowed = false } = (await answer.json()) as { allowed?: boolean };
    return { status: answer.status, allowed };
  }

  private urlAt(at: number): string {
    return this.alive[at % this.alive.length]?.url ?? '';
  }
}

function describeFleet(
  store: string,
  accuracies: readonly string[],
  endpoint: string,
  more: Record<string, string> = {},
): void {
  describe(`four processes on ${store}`, () => {
    const fleet = new Fleet();
    beforeAll(() => fleet.start(endpoint, more));
    afterAll(() => fleet.stop());

    it('allow exactly 100 of 2,000 takes at once, and keep answering takes of other keys', async () => {
      await fleet.put('hard', {});
      let repeats = 0;
      const bystanders: number[] = [];
      const answers = await all(2_000, 64, async (take) => {
        if (take % 20 === 0) bystanders.push((await fleet.take(take / 20, 'hard', `other-${take}`)).status);
        // A take that was not answered is repeated under its identity, by any process, and counts once.
        for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
          const told = await fleet.take(take + attempt, 'hard', 'everybody', { 'idempotency-key': `take-${take}` });
          if (told.status !== 503) return told;
          repeats++;
        }
        throw new Error(`take ${take} was answered 503 ${MAX_ATTEMPTS} times`);
      });
      const away = bystanders.filter((status) => status !== 200).length;
      report(`${store}: ${repeats} repeats of 2,000 takes, ${away} of 100 takes of other keys without an answer`);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(answers.filter(({ allowed }) => allowed).length).toBe(100);
      // A breaker that opened for a second would answer none of them meanwhile.
      expect(away).toBeLessThan(10);
      // Processes that serve alone store what they count, too.
      const counted = () => fleet.allowedOf('hard');
      expect(await eventually(counted, (allowed) => allowed > 100)).toBeLessThanOrEqual(200);
    });

    it.each(accuracies)('never allow more than 100 while one of them is killed: %s', async (accuracy) => {
      const policyId = `killed-${accuracy}`;
      await fleet.put(policyId, { accuracy });
      let killing: Promise<void> | undefined;
      const allowed = { before: 0, after: 0 };
      await all(1_000, 64, async (take) => {
        // Not repeated: a take whose answer was lost may have taken.
        const told = await fleet.take(take, policyId, 'everybody').catch(() => undefined);
        if (!told?.allowed) return;
        allowed[killing ? 'after' : 'before']++;
        if (allowed.before >= 20) killing ??= fleet.kill();
      });
      await killing;
      report(`${store}, ${accuracy}: ${allowed.before} allowed before the kill, ${allowed.after} after it`);
      expect(killing).toBeDefined();
      expect(allowed.after).toBeGreaterThan(0);
      expect(allowed.before + allowed.after).toBeLessThanOrEqual(100);
    });
  });
}

await withServer('takes on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  describeFleet('DynamoDB', ['exact', 'leased'], endpoint);
  await withServer('takes on Redis', startRedis, ({ url }) => {
    describeFleet('Redis', ['exact'], endpoint, { CACHE: 'redis', REDIS_URL: url });
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

  it('hold back whoever makes up 8,000 voters, while others are served about as fast as always', async () => {
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
      const flood = await underVotes(8_000, () => '203.0.113.9');
      report(
        `${flood.counted} of 8,000 made-up voters counted in ${Math.round(flood.ms)} ms; others waited ` +
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
