import type { Effect } from '../../../domain/shared/reaction.ts';
import type { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import { type QueueDraft, queueSettings } from '../../../domain/tasks/queue.ts';
import type { Outbox } from '../../../ports/system.ts';
import type { QueueStore } from '../../../ports/tasks.ts';

/**
 * The outbox of every context: an effect is a task, under the id of the effect. Enqueuing it again adds nothing while the
 * task is kept.
 */
export class TaskOutbox implements Outbox {
  /** @param settings of the queues of effects, by name */
  constructor(
    private readonly enqueueTask: EnqueueTask,
    private readonly queues: Pick<QueueStore, 'get' | 'create' | 'replace'>,
    private readonly settings: Readonly<Record<string, QueueDraft>>,
  ) {}

  async put({ id, queue, payload, delaySeconds, expiresInSeconds }: Effect): Promise<void> {
    await this.ensure(queue);
    await this.enqueueTask.execute(queue, { taskId: id, payload, delaySeconds, expiresInSeconds });
  }

  /** A queue is made with its first effect. One that somebody gave another runner would lead them astray. */
  private async ensure(queue: string): Promise<void> {
    const wanted = queueSettings(queue, this.settings[queue]);
    const found = (await this.queues.get(queue)) ?? (await this.queues.create(wanted));
    if (found.runner?.url !== wanted.runner?.url) await this.queues.replace(found, wanted);
  }
}
