import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { system } from '../../src/entrypoints/composition/compose.ts';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { RunningClock } from '../helpers/fakes.ts';
import { injecting } from '../helpers/http.ts';
import { startOwnRedis } from '../helpers/servers/redis.ts';
import { ageRates } from '../helpers/servers/redis-time.ts';
import { TcpProxy, type Traffic } from '../helpers/servers/tcp-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { stocksAlone } from '../suites/stocks-under-faults.ts';

/** An answer, good or bad, comes within this time, whatever fails. */
const ANSWER_MS = 3_000;
/** A source that works again is noticed within this time. */
const NOTICED_MS = 10_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long the provider says that its tables may be kept, s. */
const MAX_AGE_SECONDS = 100;
/** Longer than anybody waits for the provider. */
const SLOW_MS = 3_500;
const EUR_IN_DOLLARS = 0.5;

/** Rules of a process, s; the defaults unless it has others. */
const RULES = { TTL: 20, MAX_FRESH: 3_600, MAX_STALE: 86_400, MAX_AS_OF_AGE: 604_800 };

interface Settings {
  /** As in `RATE_SOURCES`, with a path at the one provider. */
  readonly sources: readonly string[];
  readonly rules?: Partial<typeof RULES>;
}

/** Which processes there are, two of each. No two of these may share rates: each source has rates of its own. */
const SETTINGS: readonly Settings[] = [
  { sources: ['frankfurter=/a'] },
  { sources: ['frankfurter=/A'] },
  { sources: ['frankfurter=/a/b'] },
  { sources: ['frankfurter=/a?symbols=JPY'] },
  { sources: ['frankfurter=/a?symbols=KWD'] },
  { sources: ['fixer=/a'] },
  { sources: ['openexchangerates=/a'] },
  { sources: ['frankfurter=/a', 'fixer=/a'] },
  { sources: ['fixer=/a', 'frankfurter=/a'] },
  { sources: ['frankfurter=/a'], rules: { TTL: 600 } },
  { sources: ['frankfurter=/a'], rules: { MAX_FRESH: 50 } },
  { sources: ['frankfurter=/a'], rules: { MAX_STALE: 60 } },
  { sources: ['frankfurter=/a'], rules: { MAX_AS_OF_AGE: 172_800 } },
];

type ProviderState = 'good' | 'failing' | 'slow' | 'old' | 'partial';

/** A provider whose every address has rates of its own. */
class Provider {
  state: ProviderState = 'good';
  requests = 0;
  private readonly server: Server;
  private readonly addresses: string[] = [];

  constructor() {
    this.server = createServer(({ url = '' }, response) => {
      this.requests++;
      if (this.state === 'failing') response.writeHead(500).end();
      else setTimeout(() => response.writeHead(200, HEADERS).end(this.table(url)), this.state === 'slow' ? SLOW_MS : 0);
    });
  }

  get isOfNoUse(): boolean {
    return !['good', 'partial'].includes(this.state);
  }

  async start(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Yen for the base at an address, such as `/a/v1/latest`. */
  yenAt(address: string): string {
    if (!this.addresses.includes(address)) this.addresses.push(address);
    return String(100 + this.addresses.indexOf(address));
  }

  private table(url: string): string {
    const isDollar = url.includes('latest.json');
    const time = Date.now() - (this.state === 'old' ? 5 * DAY_MS : 0);
    const rates = `"EUR":${isDollar ? EUR_IN_DOLLARS : 1},"JPY":${this.yenAt(url)}${this.state === 'partial' ? '' : ',"KWD":0.3'}`;
    const date = new Date(time).toISOString().slice(0, 10);
    const timestamp = Math.floor(time / 1_000);
    return `{"success":true,"timestamp":${timestamp},"date":"${date}","base":"${isDollar ? 'USD' : 'EUR'}","rates":{${rates}}}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
const HEADERS = { 'content-type': 'application/json', 'cache-control': `max-age=${MAX_AGE_SECONDS}` };
/** What a service adds to an address. */
const PATHS: Readonly<Record<string, string>> = {
  frankfurter: '/v1/latest',
  fixer: '/latest',
  openexchangerates: '/latest.json',
};

interface Process {
  readonly settings: Settings;
  readonly app: EmbeddedApp;
  readonly clock: RunningClock;
}

await withServer('stocks of processes with other settings', startOwnRedis, ({ url: redisUrl }) => {
  describe('processes with different settings on one Redis, whatever becomes of it, of the provider and of clocks', () => {
    const provider = new Provider();
    const redis = new Redis(redisUrl);
    const clock = new RunningClock();
    let proxy: TcpProxy;
    const processes: Process[] = [];

    beforeAll(async () => {
      await provider.start();
      proxy = await TcpProxy.start(new URL(redisUrl));
      for (const settings of [...SETTINGS, ...SETTINGS]) {
        const own = new RunningClock(() => clock.now());
        const app = await embeddedApp(envOf(settings), {
          contexts: stocksAlone,
          extras: [],
          prepare: (container) => void container.rebind(system.machineClock).toConstantValue(own),
        });
        processes.push({ settings, app, clock: own });
      }
    }, 30_000);
    afterAll(async () => {
      await Promise.all(processes.map(({ app }) => app.close()));
      redis.disconnect();
      await proxy.stop();
      await provider.stop();
    });

    function envOf({ sources, rules = {} }: Settings): Record<string, string> {
      const env: Record<string, string> = {
        CACHE: 'redis',
        REDIS_URL: `redis://${proxy.address}`,
        RATE_SOURCES: sources.map((source) => source.replace('=', `=${provider.url}`)).join(','),
      };
      for (const [rule, seconds] of Object.entries(rules)) env[`RATES_${rule}_SECONDS`] = String(seconds);
      return env;
    }

    /** Lets that much time pass for all. */
    async function pass(seconds: number): Promise<void> {
      await ageRates(redis, 'portside:rates:*', seconds * 1_000);
      clock.advance(seconds * 1_000);
    }

    /** Gives each entry to the next one's readers, newer than what they have. */
    async function mixUp(): Promise<void> {
      const keys = (await redis.keys('portside:rates:*')).filter((key) => !key.endsWith(':lease')).sort();
      const entries = await redis.mget(keys);
      for (const [index, key] of keys.entries()) await redis.set(key, entries.at(index - 1) as string, 'PX', HOUR_MS);
      await ageRates(redis, 'portside:rates:*', -3_000);
    }

    /** What of an answer is not by the settings of the process; undefined if all is. */
    async function fault({ settings, app }: Process, url: string): Promise<string | undefined> {
      const { status, body } = await injecting(app.app)({ url });
      const wrong = `${JSON.stringify(settings)} answers ${url} with ${body}`;
      const content = JSON.parse(body);
      if (content.code === 'STOCKS_RATES_UNAVAILABLE' && provider.isOfNoUse) return undefined;
      if (status !== 200) return wrong;
      const { base, source, asOf, ageSeconds, stale } = content.rates.base ? content.rates : content;
      const own = settings.sources.find((each) => each.startsWith(`${source}=`));
      const [path = '', query] = (own ?? '').replace(/^.*?=/, '').split('?');
      const yen = provider.yenAt(`${path}${PATHS[source]}${query ? `?${query}` : ''}`);
      const isDollar = source === 'openexchangerates';
      const isOwn = content.values
        ? Number(content.values.JPY) === (97 * Number(yen)) / (isDollar ? EUR_IN_DOLLARS : 1)
        : content.rates.JPY === yen;
      const rules = { ...RULES, ...settings.rules };
      const freshSeconds = Math.min(Math.max(rules.TTL, MAX_AGE_SECONDS), rules.MAX_FRESH);
      // A table is fresh from the provider's answer on, and ages from the question on.
      const waitedSeconds = Math.ceil(SLOW_MS / 1_000);
      const isByRules =
        (stale ? ageSeconds >= freshSeconds : ageSeconds <= freshSeconds + waitedSeconds) &&
        ageSeconds <= freshSeconds + waitedSeconds + rules.MAX_STALE &&
        clock.now() - Date.parse(asOf) <= rules.MAX_AS_OF_AGE * 1_000 + DAY_MS;
      return own && base === (isDollar ? 'USD' : 'EUR') && isOwn && isByRules ? undefined : wrong;
    }

    async function recover(): Promise<void> {
      provider.state = 'good';
      await proxy.set('pass');
      const areFresh = () =>
        Promise.all(
          processes.map(async ({ app: { app } }) => {
            const { status, body } = await injecting(app)({ url: '/rates' });
            return status === 200 && !JSON.parse(body).stale;
          }),
        );
      await eventually(areFresh, (fresh) => fresh.every(Boolean), NOTICED_MS);
    }

    async function faults(): Promise<readonly string[]> {
      const lag = monitorEventLoopDelay();
      lag.enable();
      const answers = processes.flatMap((process) =>
        ['/rates?currencies=JPY,KWD', '/stock/AMZN?currencies=JPY'].map(async (url) => {
          const begin = performance.now();
          const wrong = await fault(process, url);
          return { wrong, ms: performance.now() - begin };
        }),
      );
      const all = await Promise.all(answers);
      lag.disable();
      const late = all.filter(({ ms }) => ms > ANSWER_MS + lag.max / 1e6).map(({ ms }) => `after ${ms} ms`);
      return [...all.flatMap(({ wrong }) => wrong ?? []), ...late];
    }

    it('two with the same settings share what one of them was given, and nobody else', async () => {
      // The first answer of each takes its time.
      for (const process of processes) expect(await fault(process, '/rates?currencies=JPY')).toBeUndefined();
      expect(await faults()).toEqual([]);
      expect(provider.requests).toBe(SETTINGS.length);
    }, 20_000);

    const cases: readonly {
      readonly name: string;
      readonly provider?: ProviderState;
      readonly redis?: Traffic;
      readonly mixedUp?: true;
      readonly stepMs?: number;
    }[] = [
      { name: 'a Redis that gives everybody the entry of another, newer than its own', mixedUp: true },
      { name: 'a slow provider', provider: 'slow' },
      { name: 'the entries of others while the provider fails', mixedUp: true, provider: 'failing' },
      { name: 'a provider whose rates are of last week', provider: 'old' },
      { name: 'a provider without some rates', provider: 'partial' },
      { name: 'a silent Redis', redis: 'silent' },
      { name: 'clocks set apart by two hours', stepMs: HOUR_MS },
      { name: 'clocks set apart, and a provider that fails', stepMs: HOUR_MS, provider: 'failing' },
    ];
    it.each(cases)(
      'has rates of its own sources by its own rules: $name',
      async (each) => {
        await pass(130);
        provider.state = each.provider ?? 'good';
        await proxy.set(each.redis ?? 'pass');
        if (each.mixedUp) await mixUp();
        for (const [index, process] of processes.entries())
          process.clock.advance((index < SETTINGS.length ? 1 : -1) * (each.stepMs ?? 0));
        expect(await faults()).toEqual([]);
        expect(await faults()).toEqual([]);
        await recover();
      },
      30_000,
    );
  });
});
