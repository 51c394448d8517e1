import { describe, expect, it } from '@jest/globals';
import { type Fault, withFaults } from './faults.ts';

class Counter {
  count = 0;

  async add(_: string): Promise<number> {
    return ++this.count;
  }
}

/** Calls a port in some order. @returns what each call met */
async function meet(seed: number, calls: readonly string[]): Promise<Map<string, Fault>> {
  const met = new Map<string, Fault>();
  const port = withFaults(new Counter(), { seed, rate: 0.05, onFault: (fault, call) => met.set(call, fault) });
  await Promise.allSettled(calls.map((call) => port.add(call)));
  return met;
}

describe('a port with faults', () => {
  const calls = Array.from({ length: 4_000 }, (_, index) => `call ${index}`);

  it('meets each of the four in one call of twenty', async () => {
    const faults = [...(await meet(1, calls)).values()];

    for (const fault of ['fail before', 'fail after commit', 'delay', 'duplicate']) {
      const share = faults.filter((met) => met === fault).length / calls.length;
      expect(share).toBeGreaterThan(0.035);
      expect(share).toBeLessThan(0.065);
    }
  });

  it('meets the same with the same seed, in whatever order calls are made, and other faults with another', async () => {
    const first = await meet(7, calls);

    expect([...(await meet(7, calls.toReversed()))].sort()).toEqual([...first].sort());
    expect([...(await meet(8, calls))].sort()).not.toEqual([...first].sort());
  });

  it('does to the call what the fault says', async () => {
    const counts: Record<Fault, number[]> = { 'fail before': [], 'fail after commit': [], delay: [], duplicate: [] };
    let failures = 0;
    for (const call of calls.slice(0, 400)) {
      const counter = new Counter();
      let fault: Fault | undefined;
      const options = { seed: 3, rate: 0.05, onFault: (met: Fault) => (fault = met) };
      await withFaults(counter, options)
        .add(call)
        .catch((error) => {
          expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
          failures++;
        });
      if (fault) counts[fault].push(counter.count);
      else expect(counter.count).toBe(1);
    }

    expect(new Set(counts['fail before'])).toEqual(new Set([0]));
    expect(new Set(counts['fail after commit'])).toEqual(new Set([1]));
    expect(new Set(counts.delay)).toEqual(new Set([1]));
    expect(new Set(counts.duplicate)).toEqual(new Set([2]));
    expect(failures).toBe(counts['fail before'].length + counts['fail after commit'].length);
  });

  it('meets something else when the call is made again', async () => {
    const met: boolean[] = [];
    let isHit = false;
    const port = withFaults(new Counter(), { seed: 5, rate: 0.25, onFault: () => (isHit = true) });
    const half = withFaults(new Counter(), { seed: 5, rate: 0.125, onFault: () => (isHit = true) });
    await port.add('x').catch(() => undefined);
    expect(isHit).toBe(true);
    for (let time = 0; time < 40; time++) {
      isHit = false;
      await half.add('x').catch(() => undefined);
      met.push(isHit);
    }
    expect(new Set(met).size).toBe(2);
  });
});
