import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type LimitState, take } from '../../src/domain/limits/take.ts';

const source = pathToFileURL(resolve('src/entrypoints/http/dashboard/limits/simulation.js')).href;
interface Simulation {
  simulate(rate: { requests: number; perSeconds: number; burst: number }, arrivals: readonly number[]): boolean[];
  evenly(count: number, seconds: number): number[];
}
const { simulate, evenly } = (await import(source)) as Simulation;

const BEGIN = Date.UTC(2026, 0, 1);

describe('what the dashboard says a rate lets pass', () => {
  it('is what the service lets pass', () => {
    const rate = fc.record({
      requests: fc.integer({ min: 1, max: 50 }),
      perSeconds: fc.integer({ min: 1, max: 20 }),
      burst: fc.integer({ min: 1, max: 30 }),
    });
    const arrivals = fc
      .array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 100 })
      .map((times) => times.sort((a, b) => a - b));
    fc.assert(
      fc.property(rate, arrivals, (rate, arrivals) => {
        let state: LimitState | undefined;
        const expected = arrivals.map((ms) => {
          const taken = take(state, { version: 0, rate }, 1, BEGIN + ms);
          state = taken.state;
          return taken.decision.allowed;
        });
        expect(simulate(rate, arrivals)).toEqual(expected);
      }),
    );
  });

  it('is told of requests that are evenly spaced', () => {
    expect(evenly(4, 2)).toEqual([0, 500, 1_000, 1_500]);
    expect(evenly(2, 0)).toEqual([0, 0]);
  });
});
