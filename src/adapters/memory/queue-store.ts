import { invalidRequest } from '../../domain/shared/domain-error.ts';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import type { QueueSettings } from '../../domain/tasks/queue.ts';
import type { QueueStore } from '../../ports/tasks.ts';

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

  async list({ limit, cursor }: PageRequest): Promise<Page<QueueSettings>> {
    const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString();
    if (cursor !== undefined && !this.queues.has(after))
      throw invalidRequest({ path: 'cursor', message: 'is not a nextCursor' });
    const names = [...this.queues.keys()].filter((name) => name > after).sort();
    const items = names.slice(0, limit).map((name) => this.queues.get(name) as QueueSettings);
    const last = items.at(-1);
    return names.length > limit && last
      ? { items, nextCursor: Buffer.from(last.queue).toString('base64url') }
      : { items };
  }
}
