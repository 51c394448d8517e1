import { expect, it } from '@jest/globals';
import { MemoryQueueStore } from '../../src/adapters/memory/queue-store.ts';
import { MemoryTaskStore } from '../../src/adapters/memory/task-store.ts';
import { completed } from '../../src/domain/tasks/task.ts';
import { aTask, T0 } from '../helpers/tasks.ts';
import { describeQueueStore } from './queue-store.contract.ts';
import { describeTaskStore } from './task-store.contract.ts';

describeTaskStore('memory', async (retentionMs) => new MemoryTaskStore(retentionMs));
describeQueueStore('memory', async () => new MemoryQueueStore());

it('the memory store forgets finished tasks when their time is over, and no others', async () => {
  const store = new MemoryTaskStore(1_000);
  const [open, early, late] = [aTask(), aTask(), aTask()];
  for (const task of [open, early, late]) await store.add(task, 10);
  await store.replace(early, completed(early, undefined, T0));
  await store.replace(late, { ...completed(late, undefined, T0 + 1), status: 'FAILURE' });

  await store.tidy('q', T0 + 999);
  expect(await store.get(early.taskId)).toBeDefined();

  await store.tidy('q', T0 + 1_000);
  expect(await store.get(early.taskId)).toBeUndefined();
  expect(await store.figures('q', T0)).toMatchObject({ deadLetters: 1, pending: 1 });

  await store.tidy('q', T0 + 1_001);
  expect(await store.get(late.taskId)).toBeUndefined();
  expect(await store.figures('q', T0)).toMatchObject({ deadLetters: 0, pending: 1 });
  expect(await store.get(open.taskId)).toEqual(open);
});
