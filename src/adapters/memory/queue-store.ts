import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import type { Queue, QueueSettings, QueueState } from '../../domain/tasks/queue.ts';
import type { QueueStore } from '../../ports/tasks.ts';
import { type Maps, memoryMaps } from './maps.ts';
import { pageOf } from './pages.ts';

export class MemoryQueueStore implements QueueStore {
  private readonly queues: Map<string, Queue>;

  constructor(maps: Maps = memoryMaps) {
    this.queues = maps.map('queues');
  }

  async get(queue: string): Promise<Queue | undefined> {
    return this.queues.get(queue);
  }

  async replace(seen: Queue | undefined, settings: QueueSettings): Promise<Queue | undefined> {
    const present = this.queues.get(settings.queue);
    if (present?.version !== seen?.version) return undefined;
    const { paused = false, turn } = present ?? {};
    return this.keep({ ...settings, paused, turn, version: randomUUID() });
  }

  async create(settings: QueueSettings): Promise<Queue> {
    return this.queues.get(settings.queue) ?? this.keep({ ...settings, paused: false, version: randomUUID() });
  }

  async pause(queue: string, paused: boolean): Promise<Queue | undefined> {
    const present = this.queues.get(queue);
    return present && this.keep({ ...present, paused });
  }

  async replaceState<Name extends keyof QueueState>(
    queue: string,
    name: Name,
    seen: QueueState[Name],
    after: QueueState[Name],
  ): Promise<boolean> {
    const present = this.queues.get(queue);
    if (!present || !isDeepStrictEqual(present[name], seen)) return false;
    this.keep({ ...present, [name]: after });
    return true;
  }

  async remove(queue: string, seen?: Queue): Promise<boolean> {
    const present = this.queues.get(queue);
    if (seen && present && present.version !== seen.version) return false;
    this.queues.delete(queue);
    return true;
  }

  async list(page: PageRequest): Promise<Page<Queue>> {
    return pageOf(this.queues.values(), ({ queue }) => queue, page);
  }

  /** The names of all queues. */
  names(): Iterable<string> {
    return this.queues.keys();
  }

  private keep(queue: Queue): Queue {
    this.queues.set(queue.queue, queue);
    return queue;
  }
}
