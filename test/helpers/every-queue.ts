import { pagesOf } from '../../src/domain/shared/page.ts';
import type { ActiveMark, ActiveQueues, QueueStore } from '../../src/ports/tasks.ts';

/** These queues are active, without ever being marked anew. */
export const alwaysActive = (list: () => Promise<Iterable<string>>): ActiveQueues => ({
  list: async () => ({
    marks: new Map([...(await list())].map((queue): [string, ActiveMark] => [queue, { id: '', at: 0 }])),
    isComplete: true,
  }),
  mark: async () => undefined,
  touch: async () => undefined,
  renew: async () => undefined,
  forget: async () => undefined,
  completed: async () => undefined,
});

/** Every queue is active. */
export const everyQueue = (queues: QueueStore): ActiveQueues =>
  alwaysActive(async () => {
    const names: string[] = [];
    for await (const page of pagesOf((cursor) => queues.list({ limit: 100, cursor })))
      names.push(...page.map(({ queue }) => queue));
    return names;
  });
