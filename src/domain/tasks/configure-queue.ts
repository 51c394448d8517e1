import type { ActiveQueues, QueueStore, TaskNotifier } from '../../ports/tasks.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { notifyOfSettings } from './notify.ts';
import { type Queue, type QueueDraft, queueSettings } from './queue.ts';
import { withSecrets } from './runner-secrets.ts';

export interface QueueChanged {
  readonly before: Queue | undefined;
  readonly after: Queue;
}

export class ConfigureQueue {
  constructor(
    private readonly queues: QueueStore,
    private readonly active: ActiveQueues,
    private readonly notifier: TaskNotifier,
  ) {}

  /**
   * Replaces all settings of a queue, which may be new. What is hidden when it is shown (`***`) stays as it was.
   *
   * @param precondition what must hold of the queue that is there, or nothing is replaced
   * @returns the queue as it is now, and as it was before if it was there
   * @throws DomainError `INVALID_REQUEST` (something hidden that is not stored), `PRECONDITION_FAILED`,
   * `STORE_UNAVAILABLE`
   */
  async execute(
    queue: string,
    draft: QueueDraft,
    precondition: Precondition<Queue> = () => true,
  ): Promise<QueueChanged> {
    const changed = await changeIf(
      precondition,
      () => this.queues.get(queue),
      async (before) => {
        const settings = queueSettings(queue, withSecrets(draft, before?.runner));
        const after = await this.queues.replace(before, settings);
        return after && { before, after };
      },
    );
    await notifyOfSettings(this.active, this.notifier, queue);
    return changed;
  }
}
