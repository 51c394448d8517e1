import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Throughput } from '../../../src/adapters/common/throughput.ts';
import { canonicalJson, isLongerThan } from '../../../src/domain/tasks/json-text.ts';
import { chooseOrder } from '../../../src/domain/tasks/order.ts';
import { queueSettings } from '../../../src/domain/tasks/queue.ts';
import { retryDelayMs } from '../../../src/domain/tasks/retry-delay.ts';
import { TokenBucket } from '../../../src/entrypoints/worker/token-bucket.ts';
import { T0 } from '../../helpers/tasks.ts';

describe('the order of a queue', () => {
  const adaptive = (backlog: number, throughputPerSecond: number | undefined, current: 'lifo' | 'fifo') =>
    chooseOrder('adaptive', { backlog, throughputPerSecond }, 100, current);

  it('is fixed unless it is adaptive', () => {
    for (const order of ['lifo', 'fifo'] as const)
      expect(chooseOrder(order, { backlog: 1_000_000, throughputPerSecond: 1 }, 1, 'fifo')).toBe(order);
  });

  it('turns to the newest first when the backlog takes more than 0.6 of the deadline to drain', () => {
    expect(adaptive(600, 10, 'fifo')).toBe('fifo');
    expect(adaptive(601, 10, 'fifo')).toBe('lifo');
  });

  it('turns back to the oldest first below 0.2 of the deadline', () => {
    expect(adaptive(200, 10, 'lifo')).toBe('lifo');
    expect(adaptive(199, 10, 'lifo')).toBe('fifo');
    expect(adaptive(0, undefined, 'lifo')).toBe('fifo');
  });

  it('stays between the two, and while nothing was ever finished', () => {
    for (const order of ['lifo', 'fifo'] as const) {
      expect(adaptive(400, 10, order)).toBe(order);
      expect(adaptive(400, undefined, order)).toBe(order);
    }
  });
});

describe('throughput', () => {
  const finish = (throughput: Throughput, count: number, fromMs: number, toMs: number): void => {
    for (let index = 0; index < count; index++) throughput.record(T0 + fromMs + ((toMs - fromMs) * index) / count);
  };

  it('is unknown until something was finished', () => {
    expect(new Throughput().perSecond(T0)).toBeUndefined();
  });

  it('is the rate of the last ten seconds', () => {
    const throughput = new Throughput();
    finish(throughput, 1_000, 0, 20_000);
    expect(throughput.perSecond(T0 + 20_000)).toBeCloseTo(50);
    finish(throughput, 50, 20_000, 30_000);
    expect(throughput.perSecond(T0 + 30_000)).toBeCloseTo(5);
  });

  it('is known soon after a beginning, and after a pause', () => {
    const throughput = new Throughput();
    finish(throughput, 80, 0, 2_000);
    expect(throughput.perSecond(T0 + 2_000)).toBeCloseTo(40);
    finish(throughput, 20, 60_000, 62_000);
    expect(throughput.perSecond(T0 + 62_000)).toBeCloseTo(10);
  });

  it('fades while nothing is finished, and never becomes nothing', () => {
    const throughput = new Throughput();
    throughput.record(T0);
    expect(throughput.perSecond(T0 + 100_000)).toBeCloseTo(0.01);
    expect(throughput.perSecond(T0 + 1_000_000)).toBeCloseTo(0.001);
  });
});

describe('the delay before a retry', () => {
  const retry = { firstSeconds: 1, maxSeconds: 60 };

  it.each([
    [1, retry, 1_000],
    [2, retry, 2_000],
    [6, retry, 32_000],
    [7, retry, 60_000],
    [100, retry, 60_000],
    [1, { firstSeconds: 90, maxSeconds: 60 }, 60_000],
    [3, { firstSeconds: 10, maxSeconds: 3_600 }, 40_000],
    [20, queueSettings('q').retry, 3_600_000],
  ])('of attempt %i under %j is anything from 0 to below %i ms', (attempt, settings, bound) => {
    expect(retryDelayMs({ attempt }, settings, 0)).toBe(0);
    expect(retryDelayMs({ attempt }, settings, 0.5)).toBe(bound / 2);
    expect(retryDelayMs({ attempt }, settings, 0.999_999_9)).toBe(bound - 1);
  });

  it('is never shorter than was asked for, and at most a quarter longer than that and the backoff', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 86_400_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, retryAfterMs, random) => {
          const delay = retryDelayMs({ attempt, retryAfterMs }, retry, random);
          expect(delay).toBeGreaterThanOrEqual(retryAfterMs);
          expect(delay).toBeGreaterThanOrEqual(retryDelayMs({ attempt }, retry, random));
          expect(delay).toBeLessThanOrEqual(Math.max(1.25 * retryAfterMs, 60_000));
        },
      ),
    );
  });

  it('differs between tasks that were told the same wait, and is jittered as ever where that is none', () => {
    const delays = [0, 0.25, 0.5, 0.75].map((random) =>
      [0, 60_000].map((retryAfterMs) => retryDelayMs({ attempt: 1, retryAfterMs }, retry, random)),
    );
    expect(delays).toEqual([
      [0, 60_000],
      [250, 63_750],
      [500, 67_500],
      [750, 71_250],
    ]);
  });

  it('by default makes twenty attempts last some four hours on average', () => {
    const settings = queueSettings('q');
    const waits = Array.from({ length: settings.maxAttempts - 1 }, (_, index) =>
      retryDelayMs({ attempt: index + 1 }, settings.retry, 0.5),
    );
    const hours = waits.reduce((sum, wait) => sum + wait) / 3_600_000;
    expect(hours).toBeGreaterThan(4);
    expect(hours).toBeLessThan(5);
  });
});

describe('JSON text', () => {
  it('is the same for values that say the same, whatever the order of their keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(canonicalJson(JSON.parse(text)))).toEqual(JSON.parse(text));
        expect(canonicalJson(reversed(JSON.parse(text)))).toBe(canonicalJson(JSON.parse(text)));
      }),
    );
  });

  it('is measured in bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = Buffer.byteLength(text);
        expect(isLongerThan(bytes, text)).toBe(false);
        expect(isLongerThan(bytes - 1, text)).toBe(true);
      }),
    );
  });

  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, reversed(item)]),
    );
  };
});

describe('a token bucket', () => {
  it('lets things happen at its rate, evenly spread, and keeps little of what was not used', () => {
    const bucket = new TokenBucket(5, 0);
    const taken: number[] = [];
    for (let now = 0; now < 3_000; now += 10) if (bucket.take(9, now) > 0) taken.push(now);
    expect(taken).toEqual(Array.from({ length: 15 }, (_, index) => index * 200));
    expect(bucket.take(9, 60_000)).toBe(1);
  });

  it('says when the next token comes', () => {
    const bucket = new TokenBucket(0.01, 0);
    expect(bucket.waitMs(0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(1);
    expect(bucket.waitMs(0)).toBe(100_000);
    expect(bucket.take(1, 99_999)).toBe(0);
    expect(bucket.waitMs(99_999)).toBeLessThanOrEqual(2);
    expect(bucket.take(1, 100_001)).toBe(1);
  });

  it('gives many at once when its rate is faster than timers are', () => {
    const bucket = new TokenBucket(10_000, 0);
    let taken = 0;
    for (let now = 0; now <= 1_000; now += 4) taken += bucket.take(100, now);
    expect(taken).toBeGreaterThan(9_900);
    expect(taken).toBeLessThanOrEqual(10_001);
  });

  it('takes back what was not used', () => {
    const bucket = new TokenBucket(1, 0);
    expect(bucket.take(1, 0)).toBe(1);
    bucket.giveBack(1);
    expect(bucket.take(1, 0)).toBe(1);
    bucket.giveBack(5);
    expect(bucket.take(5, 0)).toBe(1);
  });
});
