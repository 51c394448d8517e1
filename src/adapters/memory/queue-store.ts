import type { Page, PageRequest } from '../../domain/shared/page.ts';
import type { QueueSettings } from '../../domain/tasks/queue.ts';
import type { QueueStore } from '../../ports/tasks.ts';
import { pageOf } from './pages.ts';

export class MemoryQueueStore implements QueueStore {
  private readonly queues = new Map<string, QueueSettings>();

  async get(queue: string): Promise<QueueSettings | undefined> {
    return this.queues.get(queue);
  }

  async put(settings: QueueSettings): Promise<void> {
    this.queues.set(settings.queue, settings);
  }

  async create(settings: QueueSettings): Promise<QueueSettings> {
    const present = this.queues.get(settings.queue);
    if (!present) this.queues.set(settings.queue, settings);
    return present ?? settings;
  }

  async list(page: PageRequest): Promise<Page<QueueSettings>> {
    const byName = [...this.queues.values()].sort((one, other) => (one.queue < other.queue ? -1 : 1));
    return pageOf(byName, ({ queue }) => queue, page);
  }
}
