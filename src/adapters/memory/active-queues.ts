import type { ActiveMark, ActiveQueues } from '../../ports/tasks.ts';
import type { MemoryQueueStore } from './queue-store.ts';

const MARK: ActiveMark = { id: '', at: Number.NEGATIVE_INFINITY };

/** Every queue is active: in one process it costs next to nothing to ask one that is idle. */
export class MemoryActiveQueues implements ActiveQueues {
  constructor(private readonly queues: MemoryQueueStore) {}

  async list() {
    return { marks: new Map([...this.queues.names()].map((queue) => [queue, MARK])), isComplete: true };
  }

  async mark(): Promise<void> {}
  async touch(): Promise<void> {}
  async renew(): Promise<void> {}
  async forget(): Promise<void> {}
  async completed(): Promise<void> {}
}
