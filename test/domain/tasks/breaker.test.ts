import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryQueueStore } from '../../../src/adapters/memory/queue-store.ts';
import { afterCall, probing } from '../../../src/domain/tasks/breaker.ts';
import { GuardRunner } from '../../../src/domain/tasks/guard-runner.ts';
import { type Breaker, queueSettings } from '../../../src/domain/tasks/queue.ts';
import type { RunOutcome } from '../../../src/ports/tasks.ts';
import { FakeClock, seededRandom } from '../../helpers/fakes.ts';
import { putQueue } from '../../helpers/queues.ts';
import { T0 } from '../../helpers/tasks.ts';

const answered = (status: number, retryAfterMs?: number): RunOutcome => ({
  kind: 'retry',
  error: `The service answered ${status}.`,
  status,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const success: RunOutcome = { kind: 'success' };
const failure: RunOutcome = { kind: 'failure', error: 'The service answered 422.' };
const unreachable: RunOutcome = { kind: 'unreachable', error: 'ECONNREFUSED' };
const timedOut: RunOutcome = { kind: 'retry', error: 'No full answer within 100 ms.' };
const cancelled: RunOutcome = { kind: 'cancelled' };

describe('a breaker', () => {
  const open: Breaker = { failures: 2, probeAt: T0 - 1 };
  /** In the middle of its jitter. */
  const judged = (breaker: Breaker | undefined, outcome: RunOutcome, isProbe = false, gatewayErrors = 0) =>
    afterCall({ breaker, isProbe, gatewayErrors }, outcome, T0, 0.5);

  it.each<[string, RunOutcome, number, boolean]>([
    ['nothing was reached', unreachable, 0, true],
    ['four gateway errors in a row', answered(503), 4, false],
    ['five gateway errors in a row', answered(502), 5, true],
    ['a 500', answered(500), 0, false],
    ['a 503 that asks to wait', answered(503, 60_000), 0, false],
    ['a time-out', timedOut, 0, false],
    ['a call that was cut short', cancelled, 0, false],
    ['a success', success, 0, false],
    ['a refusal', failure, 0, false],
  ])('that is closed, after %s', (_, outcome, gatewayErrors, opens) => {
    expect(judged(undefined, outcome, false, gatewayErrors)).toEqual(
      opens ? { failures: 0, probeAt: T0 + 750 } : undefined,
    );
  });

  it.each<[string, RunOutcome, Breaker | undefined]>([
    ['a success', success, undefined],
    ['a refusal', failure, undefined],
    ['a 500', answered(500), undefined],
    ['a 429 that asks to wait', answered(429, 60_000), undefined],
    ['nothing was reached', unreachable, { failures: 3, probeAt: T0 + 6_000 }],
    ['a time-out', timedOut, { failures: 3, probeAt: T0 + 6_000 }],
    ['a 502', answered(502), { failures: 3, probeAt: T0 + 6_000 }],
    ['a 504', answered(504), { failures: 3, probeAt: T0 + 6_000 }],
    ['a 503 that asks to wait', answered(503, 60_000), { failures: 3, probeAt: T0 + 60_000 }],
    ['a 503 that asks to wait for no time', answered(503, 0), { failures: 3, probeAt: T0 + 6_000 }],
    [
      'a 503 that asks to wait for ever',
      answered(503, Number.POSITIVE_INFINITY),
      { failures: 3, probeAt: T0 + 86_400_000 },
    ],
    ['its probe was cut short', cancelled, { failures: 2, probeAt: T0 }],
  ])('that is open, after a probe: %s', (_, outcome, expected) => {
    expect(judged(open, outcome, true)).toEqual(expected);
  });

  it('that is open stays as it is when a call ends that began before, unless that brings an answer', () => {
    for (const outcome of [unreachable, timedOut, answered(503), answered(503, 60_000), cancelled])
      expect(judged(open, outcome)).toBe(open);
    for (const outcome of [success, failure, answered(500), answered(429, 1)])
      expect(judged(open, outcome)).toBeUndefined();
  });

  it('pauses 1 s, then twice as long each time up to 30 s, less up to half of that', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failed, random) => {
          let breaker = afterCall({ breaker: undefined, isProbe: false, gatewayErrors: 0 }, unreachable, T0, random);
          for (let probe = 0; probe < failed; probe++)
            breaker = afterCall({ breaker, isProbe: true, gatewayErrors: 0 }, unreachable, T0, random);
          const bound = Math.min(30_000, 1_000 * 2 ** failed);
          expect(breaker?.failures).toBe(failed);
          expect(breaker?.probeAt).toBeGreaterThanOrEqual(T0 + bound / 2);
          expect(breaker?.probeAt).toBeLessThanOrEqual(T0 + bound);
        },
      ),
    );
  });

  it('is held by a probe for longer than its call may take, and no longer than needed', () => {
    const { failures, probeAt } = probing(open, 10_000, T0);
    expect(failures).toBe(open.failures);
    expect(probeAt).toBeGreaterThan(T0 + 10_000);
    expect(probeAt).toBeLessThanOrEqual(T0 + 20_000);
  });
});

describe('the guards of a fleet', () => {
  async function fleet(size: number) {
    const queues = new MemoryQueueStore();
    const clock = new FakeClock(T0);
    await putQueue(queues, queueSettings('q'));
    const breakerNow = async () => (await queues.get('q'))?.breaker;
    const guards = Array.from({ length: size }, (_, index) => new GuardRunner(queues, clock, seededRandom(index)));
    /** A call whose breaker was read when it began. */
    const hear = async (guard: GuardRunner, outcome: RunOutcome, breaker?: Breaker, isProbe = false) =>
      guard.recordOutcome({ queue: 'q', breaker: breaker ?? (await breakerNow()) }, outcome, isProbe);
    return { queues, clock, guards, breakerNow, hear };
  }

  it('count gateway errors in a row: an answer, or one that asks to wait, begins anew', async () => {
    const { guards, hear, breakerNow } = await fleet(1);
    const [guard] = guards as [GuardRunner];
    for (const between of [success, failure, answered(500), answered(503, 1_000)]) {
      for (let count = 0; count < 4; count++) await hear(guard, answered(503));
      await hear(guard, between);
    }
    for (let count = 0; count < 4; count++) await hear(guard, answered(504));
    await hear(guard, timedOut);
    await hear(guard, cancelled);
    expect(await breakerNow()).toBeUndefined();
    await hear(guard, answered(502));
    expect(await breakerNow()).toMatchObject({ failures: 0 });

    await hear(guard, success);
    expect(await breakerNow()).toBeUndefined();
    for (let count = 0; count < 4; count++) await hear(guard, answered(502));
    expect(await breakerNow()).toBeUndefined();
  });

  it('let one of them probe at a time, and another one when it has died', async () => {
    const { clock, guards, hear, breakerNow } = await fleet(5);
    await Promise.all(guards.map((guard) => hear(guard, unreachable)));
    const opened = (await breakerNow()) as Breaker;
    expect(guards[0]?.pauseMs({ queue: 'q', breaker: opened })).toBeGreaterThan(0);
    clock.advance(opened.probeAt - clock.now());
    expect(guards[0]?.pauseMs({ queue: 'q', breaker: opened })).toBe(0);

    const hold = (breaker: Breaker) => Promise.all(guards.map((guard) => guard.acquireProbe('q', breaker, 10_000)));
    expect((await hold(opened)).filter(Boolean)).toHaveLength(1);
    const held = (await breakerNow()) as Breaker;
    clock.advance(10_000);
    expect(guards[1]?.pauseMs({ queue: 'q', breaker: held })).toBeGreaterThan(0);
    clock.advance(held.probeAt - clock.now());
    expect(guards[1]?.pauseMs({ queue: 'q', breaker: held })).toBe(0);

    const second = (await hold(held)).find(Boolean) as Breaker;
    // The one that was thought dead says what it has heard after all: the probe is not its own any more.
    await guards[0]?.recordOutcome({ queue: 'q', breaker: held }, unreachable, true);
    expect(await breakerNow()).toEqual(second);
    await guards[1]?.recordOutcome({ queue: 'q', breaker: second }, success, true);
    expect(await breakerNow()).toBeUndefined();
  });

  it('wait longer when there was no task to probe with', async () => {
    const { clock, guards, hear, breakerNow } = await fleet(1);
    const [guard] = guards as [GuardRunner];
    await hear(guard, unreachable);
    clock.advance(1_000);
    const probe = (await guard.acquireProbe('q', (await breakerNow()) as Breaker, 10_000)) as Breaker;
    await guard.failProbe('q', probe);

    const after = (await breakerNow()) as Breaker;
    expect(after.failures).toBe(1);
    expect(after.probeAt - clock.now()).toBeGreaterThanOrEqual(1_000);
    expect(after.probeAt - clock.now()).toBeLessThanOrEqual(2_000);
  });
});
