import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Redis } from 'ioredis';
import { type FakeRateProvider, type Fault, startFakeRateProvider } from '../../demo/rate-provider.ts';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { system } from '../../src/entrypoints/composition/compose.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { ports } from '../../src/entrypoints/composition/stocks/module.ts';
import type { StockStore } from '../../src/ports/stocks.ts';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { RunningClock, seededRandom } from '../helpers/fakes.ts';
import { type HttpAnswer, injecting } from '../helpers/http.ts';
import { overriding } from '../helpers/overriding.ts';
import { ageRates } from '../helpers/servers/redis-time.ts';
import { TcpProxy, type Traffic } from '../helpers/servers/tcp-proxy.ts';

export const stocksAlone = contexts.filter(({ name }) => name === 'stocks');

const random = seededRandom(4);

/** What becomes of Redis. */
export const redisFaults = {
  up: 'pass',
  refused: 'refused',
  silent: 'silent',
  // Some answers come before the client gives up, and some afterwards.
  slow: { lateMs: () => 50 + random.next() * 300 },
  'flushed in the middle': 'pass',
  // Its rates are dated an hour ahead, and a pause on the lease has no end.
  lying: 'pass',
} as const satisfies Record<string, Traffic>;

/** What becomes of the provider. */
export const providerFaults = {
  ok: { kind: 'none' },
  '5xx': { kind: 'status', status: 500 },
  'time-out': { kind: 'hang' },
  malformed: { kind: 'body', body: '{"success":true,"base":"EUR","date":"2025-12-31","rates":{"USD":1.' },
  'success:false': { kind: 'refusal' },
  'missing symbol': { kind: 'none' },
  // Its rates are of last week.
  old: { kind: 'none' },
  // Slower than anybody waits for.
  slow: { kind: 'slow', ms: 3_500 },
} as const satisfies Record<string, Fault>;

/** What is asked, by what becomes of the store then. The list of rates takes no store, and the own currency no rates. */
export const storeFaults = {
  ok: ['/stock/AMZN?currencies=USD,JPY,KWD', '/rates?currencies=USD,JPY,KWD', '/stock/AMZN?currencies=EUR'],
  absent: ['/stock/NONE?currencies=USD', '/stock/NONE?currencies=EUR'],
  failing: ['/stock/FAILS?currencies=USD', '/stock/FAILS?currencies=EUR'],
} as const;

export interface Cell {
  readonly redis: keyof typeof redisFaults;
  readonly provider: keyof typeof providerFaults;
}

/** What the provider publishes before the faults and since, and what 97.00 EUR are worth by that. */
const TABLES = {
  old: {
    asOf: midnight(1),
    rates: { USD: '1.0855', JPY: '185.304', KWD: '0.330000000001' },
    values: { EUR: '97.00', USD: '105.29', JPY: '17974', KWD: '32.010' },
  },
  new: {
    asOf: midnight(0),
    rates: { USD: '1.2', JPY: '200', KWD: '0.35' },
    values: { EUR: '97.00', USD: '116.40', JPY: '19400', KWD: '33.950' },
  },
};
/** The beginning of a day, so many days ago. */
function midnight(daysAgo: number): string {
  const day = 86_400_000;
  return new Date((Math.floor(Date.now() / day) - daysAgo) * day).toISOString();
}
const STOCK = { stock: 'AMZN', value: '97.00', currency: 'EUR' };
const OWN = { ...STOCK, values: { EUR: '97.00' }, rates: null };

/** How long a table is fresh, and how long it may be used after that, by the default settings. */
const FRESH_MS = 20_000;
const USABLE_MS = 86_400_000;
const WEEK_MS = 7 * 86_400_000;
/** By so much shared rates may seem older than they are: requests to Redis take that long on a busy machine. */
const SHARING_MS = 1_000;
/** By how much clocks are set, and by how much the lying Redis dates its rates ahead. */
const SET_MS = 3_600_000;
/** How long the recovery is watched, and how often somebody asks meanwhile. */
const WATCH_MS = 12_000;
const ASK_EVERY_MS = 500;
const FLUSH_EVERY_MS = 25;
const PROVIDER_KEY = 'do-not-show-0123456789abcdef';
const PROCESSES = ['warm', 'cold'] as const;

export interface Servers {
  readonly redisUrl: string;
  /** Number of a Redis database that nobody else uses. */
  readonly redisDatabase: number;
}

/** Whether the provider gives nothing that can be used, nor ever will. */
export const failsAtOnce = ({ provider }: Cell): boolean =>
  provider === 'old' || (provider !== 'slow' && providerFaults[provider].kind !== 'none');

export interface Observation {
  /**
   * The rates were past their freshness; then the wall clock of one process had been set back by an hour, that of the
   * other ahead; then the rates were past their last use; then nothing failed any more.
   */
  readonly phase: 'expired' | 'clocks set' | 'beyond' | 'back';
  /** One process has had rates before anything failed, the other was first asked when everything did. */
  readonly process: (typeof PROCESSES)[number];
  readonly url: string;
  /** Such as `200 old, stale`, `200 new without KWD` or `503 STORE_UNAVAILABLE, again in 1 s`. */
  readonly outcome: string;
  readonly ms: number;
}

/** Two processes of the service that share a provider of rates and a Redis, over sockets. */
export class StocksUnderFaults {
  readonly observations: Observation[] = [];
  /** How long it took, once nothing failed any more, until both processes had the new rates. */
  backAfterMs = Number.POSITIVE_INFINITY;
  /** What the cold process answered in the end when only the provider failed. */
  sharedOutcome: string | undefined;
  private log = '';
  private readonly clock = new RunningClock();
  private readonly machineClocks = { warm: this.machineClock(), cold: this.machineClock() };
  private readonly processes = new Map<Observation['process'], EmbeddedApp>();
  /** When the tables were confirmed, as far as can be known from outside. */
  private readonly confirmed = {
    old: { earliest: 0, latest: Number.POSITIVE_INFINITY },
    new: { earliest: 0, latest: Number.POSITIVE_INFINITY },
  };

  private constructor(
    private readonly cell: Cell,
    private readonly servers: Servers,
    private readonly provider: FakeRateProvider,
    private readonly proxy: TcpProxy,
  ) {}

  /** Starts everything, and lets one of the processes have rates. */
  static async begin(cell: Cell, servers: Servers): Promise<StocksUnderFaults> {
    const provider = await startFakeRateProvider();
    const proxy = await TcpProxy.start(new URL(servers.redisUrl));
    const world = new StocksUnderFaults(cell, servers, provider, proxy);
    for (const process of PROCESSES) await world.start(process);
    await world.warmUp();
    return world;
  }

  /** Lets everything fail as the cell says, asks for all that the faults touch, and lets everything recover. */
  async play(): Promise<void> {
    await this.fail();
    await this.recover();
  }

  async stop(): Promise<void> {
    for (const process of this.processes.values()) await process.close();
    await this.proxy.stop();
    await this.provider.stop();
  }

  /** Whether the provider's key stands in anything that was logged. */
  get showsKey(): boolean {
    return this.log.includes(PROVIDER_KEY);
  }

  private async start(process: Observation['process']): Promise<void> {
    const env = {
      CACHE: 'redis',
      REDIS_URL: `redis://${this.proxy.address}/${this.redisDatabase}`,
      RATE_SOURCES: `fixer=${this.provider.url}/api?access_key=${PROVIDER_KEY}`,
    };
    const log = {
      write: (line: string) => {
        this.log += line;
      },
    };
    const app = await embeddedApp(env, {
      contexts: stocksAlone,
      extras: [],
      log,
      prepare: (container) => {
        container.rebind(system.machineClock).toConstantValue(this.machineClocks[process]);
        const store = container.get(ports.stocks);
        const get = (id: string) => (id === 'FAILS' ? Promise.reject(storeUnavailable()) : store.get(id));
        container.rebind(ports.stocks).toConstantValue(overriding<StockStore>(store, { get }));
      },
    });
    this.processes.set(process, app);
  }

  private machineClock(): RunningClock {
    return new RunningClock(() => this.clock.now());
  }

  private async warmUp(): Promise<void> {
    this.publish('old');
    const ask = () => this.ask('expired', 'warm', storeFaults.ok[0]);
    await eventually(ask, ({ outcome }) => outcome === '200 old');
    this.confirmed.old.latest = this.clock.now();
  }

  private async fail(): Promise<void> {
    const { cell, provider, proxy } = this;
    this.publish('new');
    if (cell.provider === 'missing symbol') delete provider.state.rates.KWD;
    if (cell.provider === 'old') provider.state.asOf -= WEEK_MS;
    provider.state.fault = providerFaults[cell.provider];
    await proxy.set(redisFaults[cell.redis]);
    const flushing = cell.redis === 'flushed in the middle' ? await this.flushAgainAndAgain() : undefined;
    await this.pass(FRESH_MS);
    if (cell.redis === 'lying') await this.lie();
    await this.askAll('expired');
    await this.watchForOldRates();
    this.machineClocks.warm.advance(-SET_MS);
    this.machineClocks.cold.advance(SET_MS);
    await this.askAll('clocks set');
    await this.pass(USABLE_MS);
    await this.askAll('beyond');
    await flushing?.stop();
  }

  /** The cold process misses the rates that are shared if the machine is too busy just then, and finds them later. */
  private async watchForOldRates(): Promise<void> {
    if (this.cell.redis !== 'up' || !failsAtOnce(this.cell)) return;
    const ask = () => this.ask('expired', 'cold', storeFaults.ok[1]);
    await eventually(ask, ({ outcome }) => outcome === '200 old, stale').catch(() => undefined);
    this.sharedOutcome = (await ask()).outcome;
  }

  private async recover(): Promise<void> {
    const { cell, provider, proxy } = this;
    this.publish('new');
    provider.state.fault = { kind: 'none' };
    await proxy.set('pass');
    // A table without a symbol is a good one: nobody asks for another before it has expired.
    if (cell.provider === 'missing symbol') await this.pass(FRESH_MS);
    const start = performance.now();
    while (this.backAfterMs > WATCH_MS && performance.now() - start < WATCH_MS) {
      const answers = await Promise.all(PROCESSES.map((process) => this.ask('back', process, storeFaults.ok[1])));
      if (answers.every(({ outcome }) => outcome === '200 new')) this.backAfterMs = performance.now() - start;
      else await delay(ASK_EVERY_MS);
    }
    await this.askAll('back');
  }

  private async lie(): Promise<void> {
    const redis = new Redis(`${this.servers.redisUrl}/${this.redisDatabase}`);
    await ageRates(redis, this.redisKeys, -SET_MS);
    for (const key of await redis.keys(this.redisKeys)) await redis.set(`${key.replace(/:lease$/, '')}:lease`, 'pause');
    redis.disconnect();
  }

  private get redisKeys(): string {
    return `portside:rates:*@${this.provider.url}*`;
  }

  /** Lets that much time pass for the processes and for what they share. */
  private async pass(ms: number): Promise<void> {
    const redis = new Redis(`${this.servers.redisUrl}/${this.redisDatabase}`);
    await ageRates(redis, this.redisKeys, ms);
    this.clock.advance(ms);
    redis.disconnect();
  }

  private publish(name: keyof typeof TABLES): void {
    const { asOf, rates } = TABLES[name];
    Object.assign(this.provider.state, { asOf: Date.parse(asOf), rates: { EUR: '1', ...rates } });
    this.confirmed[name].earliest ||= this.clock.now();
  }

  private get redisDatabase(): number {
    return this.cell.redis === 'flushed in the middle' ? this.servers.redisDatabase : 0;
  }

  /** Resolves when it was done for the first time. */
  private async flushAgainAndAgain(): Promise<{ stop(): Promise<unknown> }> {
    const redis = new Redis(`${this.servers.redisUrl}/${this.redisDatabase}`);
    await redis.flushdb();
    const timer = setInterval(() => void redis.flushdb(), FLUSH_EVERY_MS);
    return {
      stop: () => {
        clearInterval(timer);
        return redis.quit();
      },
    };
  }

  private async askAll(phase: Observation['phase']): Promise<void> {
    const urls = Object.values(storeFaults).flat();
    const asked = PROCESSES.flatMap((process) => urls.map((url) => this.ask(phase, process, url)));
    this.observations.push(...(await Promise.all(asked)));
  }

  private async ask(phase: Observation['phase'], process: Observation['process'], url: string): Promise<Observation> {
    const { app } = this.processes.get(process) as EmbeddedApp;
    const [start, asked] = [performance.now(), this.clock.now()];
    const answer = await injecting(app)({ url });
    const ms = performance.now() - start;
    return { phase, process, url, outcome: this.outcomeOf(answer, asked, process), ms };
  }

  private outcomeOf({ status, headers, body }: HttpAnswer, asked: number, process: Observation['process']): string {
    if (body.includes(PROVIDER_KEY)) return `WRONG: shows the key: ${body}`;
    const content = JSON.parse(body);
    if (status !== 200) {
      const again = headers['retry-after'];
      return `${status} ${content.code}${again === undefined ? '' : `, again in ${again} s`}`;
    }
    if (content.rates === null) return isDeepStrictEqual(content, OWN) ? '200 own' : `WRONG: ${body}`;

    const name = (content.asOf ?? content.rates.asOf) === TABLES.old.asOf ? 'old' : 'new';
    const { asOf, rates, values } = TABLES[name];
    const { ageSeconds, stale } = content.values ? content.rates : content;
    const provenance = { base: 'EUR', asOf, source: 'fixer', ageSeconds, stale };
    const { missing } = content;
    const given = (all: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(all).filter(([currency]) => !missing?.includes(currency)));
    const expected = {
      ...(content.values
        ? { ...STOCK, values: given(values), rates: provenance }
        : { ...provenance, rates: given(rates) }),
      ...(missing ? { missing } : {}),
    };
    const isMarked = stale === ageSeconds * 1_000 >= FRESH_MS && this.isAge(ageSeconds, name, asked, process);
    if (!isDeepStrictEqual(content, expected) || !isMarked) return `WRONG: ${body}`;
    return `200 ${name}${missing ? ` without ${missing}` : ''}${stale ? ', stale' : ''}`;
  }

  private isAge(seconds: number, table: keyof typeof TABLES, asked: number, process: Observation['process']): boolean {
    const { earliest, latest } = this.confirmed[table];
    // A clock that is set ahead makes rates older than they are.
    const aheadMs = Math.max(0, this.machineClocks[process].now() - this.clock.now());
    const [least, most] = [Math.max(0, asked - latest), this.clock.now() - earliest + aheadMs + SHARING_MS];
    return seconds >= Math.floor(least / 1_000) && seconds <= most / 1_000;
  }
}
