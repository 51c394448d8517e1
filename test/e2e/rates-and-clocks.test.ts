import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Fault, startFakeRateProvider } from '../../demo/rate-provider.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { setAtSignal } from '../helpers/wall-clock.ts';

const HOUR = 3_600_000;
/** Far above what an answer takes that waits for a fetch, and below what one takes that waits in vain. */
const SOON_MS = 2_000;

interface Answer {
  readonly status: number;
  readonly ms: number;
  readonly body: {
    readonly values?: object;
    readonly rates?: { readonly stale: boolean; readonly ageSeconds: number };
  };
}

async function get(server: ServerProcess, path: string): Promise<Answer> {
  const begin = performance.now();
  const answer = await fetch(server.url + path);
  const body = (await answer.json()) as Answer['body'];
  return { status: answer.status, ms: performance.now() - begin, body };
}
const value = (server: ServerProcess) => get(server, '/stock/AMZN?currencies=USD');

describe.each([-HOUR, HOUR])('a process whose wall clock is set by %i ms', (stepMs) => {
  async function started(settings: Record<string, string>) {
    const provider = await startFakeRateProvider();
    const env = { RATE_SOURCES: `frankfurter=${provider.url}`, RATES_TTL_SECONDS: '1', ...settings };
    const server = await ServerProcess.start(env, { preload: setAtSignal(stepMs) });
    const set = async () => {
      server.kill('SIGCONT');
      await eventually(
        () => server.logs.some(({ msg }) => msg === 'set'),
        (isSet) => isSet,
      );
    };
    const stop = async () => {
      await server.stop();
      await provider.stop();
    };
    return { provider, server, set, stop };
  }

  it('goes on to renew its rates, and answers everything in time', async () => {
    const { provider, server, set, stop } = await started({});
    await value(server);
    await set();
    const before = provider.requests.length;
    const begin = performance.now();
    while (performance.now() - begin < 4_000) {
      const [stock, health] = await Promise.all([value(server), get(server, '/healthz')]);
      expect(stock).toMatchObject({ status: 200, body: { rates: { stale: false } } });
      expect(stock.body.rates?.ageSeconds).toBeLessThanOrEqual(1);
      expect(Math.max(stock.ms, health.ms)).toBeLessThan(SOON_MS);
      await delay(100);
    }
    expect(provider.requests.length - before).toBeGreaterThanOrEqual(2);
    expect(provider.requests.length - before).toBeLessThanOrEqual(8);
    await stop();
  }, 30_000);

  it.each<Fault>([
    { kind: 'status', status: 429, retryAfter: '2' },
    { kind: 'status', status: 500 },
  ])(
    'notices that its source works again, which was left alone after %j',
    async (fault) => {
      // So that there are no others to serve.
      const { provider, server, set, stop } = await started({ RATES_MAX_STALE_SECONDS: '0' });
      provider.state.fault = fault;
      await eventually(
        async () => {
          await value(server);
          return provider.requests.length;
        },
        (count) => count >= 3,
      );
      await set();
      provider.state.fault = { kind: 'none' };
      await eventually(
        () => value(server),
        ({ status }) => status === 200,
        10_000,
      );
      await stop();
    },
    40_000,
  );
});
