import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nothingCounted, rateIn, withChanges } from '../../../src/adapters/dynamodb/counted-changes.ts';
import type { TaskStatus } from '../../../src/domain/tasks/task.ts';
import type { TaskChange } from '../../../src/ports/tasks.ts';

/** Where each status leads. */
const WAYS: Readonly<Record<string, readonly TaskStatus[]>> = {
  PENDING: ['TAKEN', 'SHED', 'CANCELLED', 'PENDING'],
  TAKEN: ['TAKEN', 'PENDING', 'SUCCESS', 'FAILURE', 'SHED', 'CANCELLED'],
  FAILURE: ['PENDING'],
  SHED: ['PENDING'],
};

const T0 = Date.UTC(2026, 0, 1);

/** Lives of some tasks, one step after the other, as a shard of the stream would tell them. */
const streams = fc
  .array(fc.record({ task: fc.nat(5), way: fc.nat(5), by: fc.constantFrom('a', 'b') }), { maxLength: 60 })
  .map((steps) => {
    const statuses = new Map<number, TaskStatus>();
    const changes: TaskChange[] = [];
    for (const { task, way, by } of steps) {
      const from = statuses.get(task);
      const ways = from === undefined ? (['PENDING'] as const) : (WAYS[from] ?? []);
      const to = ways[way % ways.length];
      if (to === undefined) continue;
      statuses.set(task, to);
      const at = T0 + changes.length;
      const isDone = to === 'SUCCESS' || to === 'FAILURE';
      // As long as those of DynamoDB, which grow by digits.
      const sequenceNumber = String(95 + changes.length);
      changes.push({ queue: 'q', sequenceNumber, from, to, by, finishedAt: isDone ? at : undefined, at });
    }
    return { changes, statuses: [...statuses.values()] };
  });

const batches = fc.array(fc.record({ from: fc.nat(60), length: fc.nat(30) }), { maxLength: 8 });

describe('counting changes of tasks', () => {
  it('counts each once, however often and in whatever batches they come after all that were before them', () => {
    fc.assert(
      fc.property(streams, batches, ({ changes, statuses }, deliveries) => {
        let counted = nothingCounted;
        let read = 0;
        for (const { from, length } of [...deliveries, { from: 0, length: changes.length }]) {
          // A reader goes back, never ahead of what was read.
          const start = Math.min(from, read);
          counted = withChanges(counted, changes.slice(start, start + length));
          read = Math.max(read, Math.min(start + length, changes.length));
        }
        const { enqueued, redriven, succeeded, failed, shed, cancelled, taken, by } = counted;
        const open = statuses.filter((status) => status === 'PENDING' || status === 'TAKEN').length;
        expect(enqueued).toBe(statuses.length);
        expect(enqueued + redriven - succeeded - failed - shed - cancelled).toBe(open);
        expect(taken).toBe(statuses.filter((status) => status === 'TAKEN').length);
        expect(Object.values(by).reduce((sum, { added, ended }) => sum + added - ended, 0)).toBe(open);
        expect(withChanges(counted, changes)).toBe(counted);
      }),
      { numRuns: 1_000 },
    );
  });

  it('forgets under which names processes counted, and windows that no rate needs', () => {
    const change = (at: number, by: string, sequenceNumber: string): TaskChange => ({
      queue: 'q',
      sequenceNumber,
      from: 'TAKEN',
      to: 'SUCCESS',
      by,
      finishedAt: at,
      at,
    });
    const changes = Array.from({ length: 100 }, (_, count) =>
      change(T0 + count * 60_000, `p${count}`, `${1_000 + count}`),
    );

    const { by, done, succeeded } = withChanges(nothingCounted, changes);

    expect(succeeded).toBe(100);
    expect(Object.keys(by)).toEqual(['p98', 'p99']);
    expect(Object.keys(done)).toHaveLength(1);
  });

  it('measures the rate of the last fifteen seconds, and of a silence since', () => {
    const window = T0 / 5_000;
    expect(rateIn({}, T0)).toBeUndefined();
    expect(rateIn({ [window - 2]: 10, [window - 1]: 20, [window]: 5 }, T0 + 2_500)).toBeCloseTo(35 / 12.5);
    expect(rateIn({ [window - 100]: 10 }, T0)).toBeCloseTo(1 / 495);
  });
});
