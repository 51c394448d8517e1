import { describe, expect, it } from '@jest/globals';
import { MemoryQueueStore } from '../../../src/adapters/memory/queue-store.ts';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import { ConfigureQueue } from '../../../src/domain/tasks/configure-queue.ts';
import { EnqueueTask } from '../../../src/domain/tasks/enqueue-task.ts';
import { everyQueue } from '../../helpers/every-queue.ts';
import { countingIds, FakeClock } from '../../helpers/fakes.ts';
import { overriding } from '../../helpers/overriding.ts';

describe('a change that nobody can be told of', () => {
  const deaf = overriding(everyQueue(new MemoryQueueStore()), {
    renew: () => Promise.reject(storeUnavailable()),
    touch: () => Promise.reject(storeUnavailable()),
  });
  const silent = { notify: () => Promise.reject(new Error('no topic')) };

  it('is made all the same', async () => {
    const queues = new MemoryQueueStore();
    const tasks = new MemoryTaskStore(1_000);
    await new ConfigureQueue(queues, deaf, silent).execute('mail', { leaseSeconds: 7 });
    const enqueueTask = new EnqueueTask(tasks, queues, deaf, silent, new FakeClock(), countingIds());
    const { task } = await enqueueTask.execute('mail', { payload: 1 });

    expect(await queues.get('mail')).toMatchObject({ leaseSeconds: 7 });
    expect(await tasks.get(task.taskId)).toEqual(task);
  });
});
