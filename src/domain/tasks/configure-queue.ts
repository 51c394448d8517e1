import type { QueueStore, WakeUps } from '../../ports/tasks.ts';
import { announce } from './announce.ts';
import { type QueueDraft, type QueueSettings, queueSettings } from './queue.ts';

export class ConfigureQueue {
  constructor(
    private readonly queues: QueueStore,
    private readonly wakeUps: WakeUps,
  ) {}

  /** Replaces all settings of a queue, which may be new. @throws DomainError `STORE_UNAVAILABLE` */
  async execute(queue: string, draft: QueueDraft): Promise<QueueSettings> {
    const settings = queueSettings(queue, draft);
    await this.queues.put(settings);
    await announce(this.wakeUps, queue);
    return settings;
  }
}
