import { pagesOf } from '../../src/domain/shared/page.ts';
import type { ActiveMark, ActiveQueues, QueueStore } from '../../src/ports/tasks.ts';

/** Every queue is active, without ever being marked anew. */
export const everyQueue = (queues: QueueStore): ActiveQueues => ({
  list: async () => {
    const marks = new Map<string, ActiveMark>();
    for await (const page of pagesOf((cursor) => queues.list({ limit: 100, cursor })))
      for (const { queue } of page) marks.set(queue, { id: '', at: 0 });
    return { marks, isComplete: true };
  },
  mark: async () => undefined,
  touch: async () => undefined,
  renew: async () => undefined,
  forget: async () => undefined,
  completed: async () => undefined,
});
