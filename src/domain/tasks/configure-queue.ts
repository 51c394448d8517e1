import type { QueueStore, WakeUps } from '../../ports/tasks.ts';
import { announce } from './announce.ts';
import { type Queue, type QueueDraft, queueSettings } from './queue.ts';
import { withSecrets } from './runner-secrets.ts';

export class ConfigureQueue {
  constructor(
    private readonly queues: QueueStore,
    private readonly wakeUps: WakeUps,
  ) {}

  /**
   * Replaces all settings of a queue, which may be new. What is hidden when it is shown (`***`) stays as it was.
   *
   * @throws DomainError `INVALID_REQUEST` (something hidden that is not stored), `STORE_UNAVAILABLE`
   */
  async execute(queue: string, draft: QueueDraft): Promise<Queue> {
    const stored = await this.queues.get(queue);
    const configured = await this.queues.put(queueSettings(queue, withSecrets(draft, stored?.runner)));
    await announce(this.wakeUps, queue);
    return configured;
  }
}
