import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { Redis } from 'ioredis';
import { type FakeRateProvider, startFakeRateProvider } from '../../demo/rate-provider.ts';
import { eventually } from '../helpers/eventually.ts';
import { kill } from '../helpers/servers/process.ts';
import { startRedis } from '../helpers/servers/redis.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import type { Round } from '../helpers/stocks-process.ts';

const PROCESSES = 20;
const REQUESTS = 20;
/** 97.00 EUR, and what the provider says a euro is worth. */
const IN_DOLLARS = '105.29';
/** A process that dies over a fetch is replaced within this time. */
const REPLACED_MS = 5_000;

/** One of many processes that value stocks. */
class StocksProcess {
  private readonly lines: AsyncIterator<string>;

  constructor(
    readonly name: string,
    readonly child: ChildProcess,
  ) {
    this.lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  async ready(): Promise<void> {
    expect((await this.lines.next()).value).toBe('ready');
  }

  /** @returns every value that was answered; undefined if the process ended before */
  async play(round: Omit<Round, 'name'>): Promise<string[] | undefined> {
    this.child.stdin?.write(`${JSON.stringify({ name: this.name, ...round })}\n`);
    const { value, done } = await this.lines.next();
    return done ? undefined : JSON.parse(value);
  }
}

await withServer('stocks of many processes', startRedis, ({ url }) => {
  describe(`${PROCESSES} processes that share a Redis, with ${REQUESTS} requests each`, () => {
    let folder: string;
    let provider: FakeRateProvider;
    let processes: StocksProcess[] = [];
    const redis = new Redis(url, { lazyConnect: true });
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'portside-stocks-'));
      provider = await startFakeRateProvider();
      await bundle('test/helpers/stocks-process.ts', folder);
      processes = Array.from({ length: PROCESSES }, (_, index) => {
        const child = spawn(process.execPath, [join(folder, 'stocks-process.mjs')], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        return new StocksProcess(`process-${index}`, child);
      });
      await Promise.all(processes.map((each) => each.ready()));
    }, 60_000);
    afterAll(async () => {
      await Promise.all(processes.map(({ child }) => kill(child)));
      redis.disconnect();
      await provider.stop();
      await rm(folder, { recursive: true });
    });

    /** A round in which nobody knows anything yet: rates at this path have never been asked for. */
    const round = (path: string) => ({
      settings: {
        CACHE: 'redis',
        REDIS_URL: url,
        RATE_SOURCES: `frankfurter=${provider.url}/${path}`,
        RATES_TTL_SECONDS: '600',
      },
      requests: REQUESTS,
    });
    const callsTo = (path: string) => provider.requests.filter((request) => request.url.startsWith(`/${path}/`)).length;
    const everyValue = Array(REQUESTS).fill(IN_DOLLARS);

    it('ask the provider once', async () => {
      provider.state.fault = { kind: 'slow', ms: 300 };
      const answers = await Promise.all(processes.map((each) => each.play(round('cold'))));

      expect(answers).toEqual(Array(PROCESSES).fill(everyValue));
      expect(callsTo('cold')).toBe(1);
    }, 30_000);

    it('ask it once more when the one that asks is killed', async () => {
      Object.assign(provider.state, { fault: { kind: 'hang' }, faultsLeft: 1 });
      const answering = processes.map((each) => each.play(round('killed')));
      await eventually(
        () => callsTo('killed'),
        (calls) => calls === 1,
      );
      const [lease = ''] = await redis.keys(`portside:rates:*@${provider.url}/killed*:lease`);
      const holder = await redis.get(lease);
      expect(holder).toMatch(/^by process-\d+$/);
      const killed = processes.findIndex(({ name }) => holder === `by ${name}`);
      processes[killed]?.child.kill('SIGKILL');
      const killedAt = performance.now();
      await eventually(
        () => callsTo('killed'),
        (calls) => calls === 2,
        2 * REPLACED_MS,
      );
      expect(performance.now() - killedAt).toBeLessThan(REPLACED_MS);

      const answers = await Promise.all(answering);
      expect(answers.splice(killed, 1)).toEqual([undefined]);
      expect(answers).toEqual(Array(PROCESSES - 1).fill(everyValue));
      expect(callsTo('killed')).toBe(2);
    }, 30_000);
  });
});

/** Packages and all, since twenty processes that look for hundreds of files take their time. */
const bundle = (entry: string, folder: string) =>
  build({
    entryPoints: [entry],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
