import type { ActiveQueues, QueueStore, TaskNotifier } from '../../ports/tasks.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { notifyOfSettings } from './notify.ts';
import { type Queue, type QueueDraft, queueSettings } from './queue.ts';
import { withSecrets } from './runner-secrets.ts';

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
   * @throws DomainError `INVALID_REQUEST` (something hidden that is not stored), `PRECONDITION_FAILED`,
   * `STORE_UNAVAILABLE`
   */
  async execute(queue: string, draft: QueueDraft, precondition?: Precondition<Queue>): Promise<Queue> {
    const read = () => this.queues.get(queue);
    const settings = (stored: Queue | undefined) => queueSettings(queue, withSecrets(draft, stored?.runner));
    const configured = precondition
      ? await changeIf(precondition, read, (seen) => this.queues.replace(seen, settings(seen)))
      : await this.queues.put(settings(await read()));
    await notifyOfSettings(this.active, this.notifier, queue);
    return configured;
  }
}
