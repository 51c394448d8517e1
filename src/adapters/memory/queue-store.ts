import type { Page, PageRequest } from '../../domain/shared/page.ts';
import type { Queue, QueueSettings } from '../../domain/tasks/queue.ts';
import type { QueueStore } from '../../ports/tasks.ts';
import { pageOf } from './pages.ts';

export class MemoryQueueStore implements QueueStore {
  private readonly queues = new Map<string, Queue>();

  async get(queue: string): Promise<Queue | undefined> {
    return this.queues.get(queue);
  }

  async put(settings: QueueSettings): Promise<Queue> {
    return this.keep({ ...settings, paused: this.queues.get(settings.queue)?.paused ?? false });
  }

  async create(settings: QueueSettings): Promise<Queue> {
    return this.queues.get(settings.queue) ?? this.keep({ ...settings, paused: false });
  }

  async pause(queue: string, paused: boolean): Promise<Queue | undefined> {
    const present = this.queues.get(queue);
    return present && this.keep({ ...present, paused });
  }

  async remove(queue: string): Promise<void> {
    this.queues.delete(queue);
  }

  async list(page: PageRequest): Promise<Page<Queue>> {
    const byName = [...this.queues.values()].sort((one, other) => (one.queue < other.queue ? -1 : 1));
    return pageOf(byName, ({ queue }) => queue, page);
  }

  private keep(queue: Queue): Queue {
    this.queues.set(queue.queue, queue);
    return queue;
  }
}
