import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { tasksStreamReader } from '../../src/entrypoints/composition/tasks/count-records.ts';

it('tells how many changes came through the stream, whatever they are', async () => {
  const recorded: unknown[] = [];
  const reader = tasksStreamReader({
    counts: { count: async () => undefined } as never,
    active: { mark: async () => undefined },
    logger: pino({ level: 'silent' }),
    meter: { record: (...metric) => void recorded.push(metric) },
  });
  const record = (n: number, from: string | undefined, status: string) => ({
    shardId: 'shard',
    eventName: from === undefined ? ('INSERT' as const) : ('MODIFY' as const),
    dynamodb: {
      SequenceNumber: String(n),
      NewImage: {
        queue: { S: 'mail' },
        status: { S: status },
        notBefore: { N: '1' },
        createdAt: { N: '1' },
        by: { S: 'process' },
        ...(from === undefined ? {} : { from: { S: from } }),
      },
    },
  });

  await reader.changes([]);
  expect(recorded).toEqual([]);
  await reader.changes([record(1, undefined, 'PENDING'), record(2, 'PENDING', 'TAKEN'), record(3, 'TAKEN', 'FAILURE')]);
  expect(recorded).toEqual([['TaskChanges', 3, 'Count']]);
});
