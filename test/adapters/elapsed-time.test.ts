import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { elapsedTime } from '../../src/adapters/system/elapsed-time.ts';

describe('the time that has elapsed', () => {
  it('is no less than what has passed, asleep or awake, whatever becomes of the wall clock', () => {
    const anyStep = fc.record({
      what: fc.constantFrom('pass' as const, 'sleep' as const, 'set the wall clock' as const),
      ms: fc.integer({ min: 0, max: 10_000_000 }),
      sign: fc.constantFrom(1, -1),
    });
    fc.assert(
      fc.property(fc.array(anyStep), (steps) => {
        let [passed, awake, wallAhead] = [0, 0, 0];
        const elapsed = elapsedTime(
          () => passed + wallAhead,
          () => awake,
        );
        for (const [index, { what, ms, sign }] of steps.entries()) {
          if (what === 'set the wall clock') wallAhead += sign * ms;
          else passed += ms;
          if (what === 'pass') awake += ms;
          // Each step may pass for a difference between two readings.
          expect(elapsed()).toBeGreaterThan(passed - 5 * (index + 1));
        }
      }),
    );
  });

  it.each([0.3, 0.7, 3, 40])(
    'does not run ahead when it is read every %s ms, of which the wall clock shows whole ones',
    (ms) => {
      let now = 0;
      let reads = 0;
      const elapsed = elapsedTime(
        // Either clock may be read a little later than the other.
        () => Math.floor(1_000_000 + now + (reads++ % 3)),
        () => now,
      );
      while (now < 60_000) {
        now += ms;
        expect(Math.abs(elapsed() - now)).toBeLessThan(5);
      }
    },
  );

  it('is what the clocks say while they agree', () => {
    let now = 5;
    const elapsed = elapsedTime(
      () => 1_000_000 + now,
      () => now,
    );
    now += 250;
    expect(elapsed()).toBe(250);
    now += 250;
    expect(elapsed()).toBe(500);
  });
});
