import { describe, expect, it } from '@jest/globals';
import { OpenStreams } from '../../src/entrypoints/http/open-streams.ts';
import { eventually } from '../helpers/eventually.ts';

const refusal = expect.objectContaining({ code: 'TOO_MANY_REQUESTS', retryAfterSeconds: expect.any(Number) });

describe('event streams', () => {
  it('are so many at most, of one address and of all, and make room for others when they end', async () => {
    const streams = new OpenStreams(3, 2);
    const first = streams.open('ann');
    streams.open('ann');
    expect(() => streams.open('ann')).toThrow(refusal);
    streams.open('ben');
    expect(() => streams.open('cid')).toThrow(refusal);

    first.body.destroy();
    await eventually(() => {
      try {
        return streams.open('cid');
      } catch {
        return undefined;
      }
    }, Boolean);
    expect(() => streams.open('ann')).toThrow(refusal);
    streams.end();
  });

  it('leave nothing behind of an address that has ended them all', async () => {
    const streams = new OpenStreams(2, 1);
    for (let round = 0; round < 5; round++) {
      const stream = streams.open('ann');
      const closed = new Promise((resolve) => stream.body.once('close', resolve));
      stream.body.destroy();
      await closed;
    }
    streams.open('ann');
    expect(() => streams.open('ann')).toThrow(refusal);
    streams.open('ben');
    streams.end();
  });
});
