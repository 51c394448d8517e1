import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbQueueStore } from '../../../src/adapters/dynamodb/queue-store.ts';
import type { Queue } from '../../../src/domain/tasks/queue.ts';
import { putQueue } from '../../helpers/queues.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

/** As 0.1 has stored it. */
const settings = {
  queue: 'old',
  order: 'fifo' as const,
  deadlineSeconds: 3_600,
  maxPending: 100_000,
  leaseSeconds: 30,
  maxAttempts: 5,
  runner: { url: 'http://localhost:9/', timeoutMs: 500, concurrency: 2 },
};
const now: Queue = { ...settings, retry: { firstSeconds: 1, maxSeconds: 3_600 }, paused: false };

await withServer('Queues of the first release', startDynamoDbLocal, ({ endpoint }) => {
  describe('a queue of the first release', () => {
    let client: DynamoDBDocumentClient;
    let store: DynamoDbQueueStore;
    beforeAll(async () => {
      client = await clientOf(endpoint);
      const { queues: TableName } = await newTaskTables(client);
      store = new DynamoDbQueueStore(client, TableName);
      for (const Item of [
        { pk: 'QUEUE#old', sk: 'SETTINGS', settings },
        { pk: 'QUEUES', sk: 'old' },
      ])
        await client.send(new PutCommand({ TableName, Item }));
    });
    afterAll(() => client.destroy());

    it('keeps its settings, with the defaults where it has none', async () => {
      expect(await store.get('old')).toEqual(now);
      expect((await store.list({ limit: 1 })).items).toEqual([now]);
    });

    it('is paused and goes on, is put and removed like any other', async () => {
      expect(await store.pause('old', true)).toEqual({ ...now, paused: true });
      expect(await store.pause('old', false)).toEqual(now);
      const { paused: _, ...plain } = now;
      const lifo = { ...now, order: 'lifo', version: expect.any(String) };
      expect(await store.replace(now, { ...plain, order: 'lifo' })).toEqual(lifo);
      expect(await store.replace(now, plain)).toBeUndefined();
      expect(await store.remove('old', now)).toBe(false);
      expect(await putQueue(store, { ...plain, order: 'lifo' })).toEqual(lifo);
      await store.remove('old');
      expect(await store.get('old')).toBeUndefined();
      expect((await store.list({ limit: 1 })).items).toEqual([]);
    });
  });
});
