import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { ShardPicker } from '../../../src/adapters/dynamodb/shard-picker.ts';
import { seededRandom } from '../../helpers/fakes.ts';
import { aPoll } from '../../helpers/votes.ts';

/** A transaction that ends when it is told to. */
interface Transaction {
  readonly pollId: string;
  /** The shard that it was given; undefined while it waits. */
  shard?: number;
  end(error?: Error): void;
  outcome?: Promise<unknown>;
}

function picking(shards: number) {
  const picker = new ShardPicker(seededRandom(1));
  const begun: Transaction[] = [];
  const start = (pollId: string): Transaction => {
    const { promise, resolve, reject } = withResolvers();
    const transaction: Transaction = { pollId, end: (error) => (error ? reject(error) : resolve()) };
    const work = (shard: number) => {
      transaction.shard = shard;
      begun.push(transaction);
      return promise;
    };
    transaction.outcome = picker.with(aPoll({ pollId, shards }), work).catch((error) => error);
    return transaction;
  };
  return { start, begun };
}

function withResolvers() {
  let resolve = (): void => undefined;
  let reject = (_: Error): void => undefined;
  const promise = new Promise<void>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}

/** Until everything that can happen without a further call has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Microtasks: a newcomer may come anywhere between the end of one transaction and the beginning of the next. */
const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick++) await undefined;
};

describe('the shard of a transaction', () => {
  it('is its own until it ends, and whoever finds none free is served in turn, whatever ends and how', async () => {
    const step = fc.record({
      do: fc.constantFrom('start', 'start', 'end', 'fail'),
      poll: fc.constantFrom('one', 'other'),
      which: fc.nat(),
      ticks: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), async (shards, steps) => {
        const { start, begun } = picking(shards);
        const started: Transaction[] = [];
        const ended = new Set<Transaction>();
        const underWay = (pollId: string) =>
          begun.filter((transaction) => transaction.pollId === pollId && !ended.has(transaction));
        const expectOwnShards = () => {
          for (const pollId of ['one', 'other']) {
            const taken = underWay(pollId).map(({ shard }) => shard);
            expect(new Set(taken).size).toBe(taken.length);
            for (const shard of taken) expect(shard).toBeLessThan(shards);
          }
        };
        const end = (transaction: Transaction, error?: Error): void => {
          ended.add(transaction);
          transaction.end(error);
        };

        for (const step of steps) {
          const running = underWay(step.poll);
          if (step.do === 'start') started.push(start(step.poll));
          else if (running.length > 0)
            end(
              running[step.which % running.length] as Transaction,
              step.do === 'fail' ? new Error('injected') : undefined,
            );
          await ticks(step.ticks);
          expectOwnShards();
        }

        while (ended.size < started.length) {
          await settled();
          expectOwnShards();
          for (const pollId of ['one', 'other']) {
            const left = started.filter((transaction) => transaction.pollId === pollId && !ended.has(transaction));
            // None is idle while somebody waits.
            expect(underWay(pollId)).toHaveLength(Math.min(shards, left.length));
          }
          end([...underWay('one'), ...underWay('other')][0] as Transaction);
        }
        await Promise.all(started.map(({ outcome }) => outcome));
        for (const pollId of ['one', 'other'])
          expect(begun.filter((one) => one.pollId === pollId)).toEqual(started.filter((one) => one.pollId === pollId));
      }),
      { numRuns: 200 },
    );
  });

  it('goes to the next one also when its transaction fails, and the failure to whoever it belongs to', async () => {
    const { start } = picking(1);
    const [failing, waiting] = [start('one'), start('one')];
    await settled();
    expect([failing.shard, waiting.shard]).toEqual([0, undefined]);

    failing.end(new Error('the store is away'));
    await settled();
    expect(waiting.shard).toBe(0);
    waiting.end();
    expect(await failing.outcome).toEqual(new Error('the store is away'));
    expect(await waiting.outcome).toBeUndefined();
  });

  it('is any of those that are free, and of a poll that has grown a new one at once', async () => {
    const picker = new ShardPicker(seededRandom(1));
    const never = new Promise<void>(() => undefined);
    const seen: number[] = [];
    const begin = (shards: number) => {
      const work = (shard: number) => {
        seen.push(shard);
        return never;
      };
      // The one that finds none is refused when this test is over.
      picker.with(aPoll({ shards }), work).catch(() => undefined);
    };
    for (let count = 0; count < 48; count++) begin(48);
    await settled();
    expect([...seen].sort((one, other) => one - other)).toEqual(Array.from({ length: 48 }, (_, shard) => shard));
    expect(seen).not.toEqual([...seen].sort((one, other) => one - other));

    begin(48);
    begin(49);
    await settled();
    expect(seen.slice(48)).toEqual([48]);
  });

  it('is refused to one who waits for 5 s, which keeps nobody else from its turn', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const { start } = picking(1);
      const [hanging, waiting] = [start('one'), start('one')];
      await settled();
      jest.advanceTimersByTime(5_000);
      expect(await waiting.outcome).toMatchObject({ code: 'STORE_UNAVAILABLE' });

      const next = start('one');
      hanging.end();
      await settled();
      expect([waiting.shard, next.shard]).toEqual([undefined, 0]);
    } finally {
      jest.useRealTimers();
    }
  });
});
