import type { Queue, QueueSettings } from '../../src/domain/tasks/queue.ts';
import type { QueueStore } from '../../src/ports/tasks.ts';

/** Gives a queue settings, whatever it had, as the only one who does so. */
export async function putQueue(queues: QueueStore, settings: QueueSettings): Promise<Queue> {
  const after = await queues.replace(await queues.get(settings.queue), settings);
  if (!after) throw new Error(`somebody else has changed the queue ${settings.queue}`);
  return after;
}
