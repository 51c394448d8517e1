import { expect, it } from '@jest/globals';
import { readConfig } from '../../../src/entrypoints/config/read-config.ts';
import { stopTimes } from '../../../src/entrypoints/config/stop-times.ts';

it.each([
  [undefined, 10],
  ['10', 10],
  ['110', 110],
  ['900', 900],
])(
  'STOP_SECONDS=%s gives calls all but four of %i seconds, and each part its time before the next',
  (text, seconds) => {
    const { callsMs, loopsMs, closeMs, endMs } = stopTimes(readConfig(text ? { STOP_SECONDS: text } : {}, []));
    expect(callsMs).toBe((seconds - 4) * 1_000);
    // The worker gives the store two seconds to take tasks back.
    expect(loopsMs).toBeGreaterThan(callsMs + 2_000);
    expect(closeMs).toBeGreaterThan(loopsMs);
    expect(endMs).toBeGreaterThan(closeMs);
    expect(endMs).toBeLessThan(seconds * 1_000);
  },
);

it.each(['9', '901', '10.5', '-1', 'x'])('STOP_SECONDS=%s is refused', (text) => {
  expect(() => readConfig({ STOP_SECONDS: text }, [])).toThrow('STOP_SECONDS must be a whole number, 10 to 900');
});
