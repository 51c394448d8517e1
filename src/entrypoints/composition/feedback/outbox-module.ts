import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import type { QueueDraft } from '../../../domain/tasks/queue.ts';
import { FEEDBACK_QUEUES } from '../../../domain/votes/feedback.ts';
import type { Outbox } from '../../../ports/system.ts';
import type { CoreConfig } from '../../config/core.ts';
import { internalUrl } from '../../worker/internal-runner.ts';
import { ports as tasks } from '../tasks/tokens.ts';
import { token } from '../token.ts';
import { TaskOutbox } from './outbox.ts';

export const ports = {
  outbox: token<Outbox>('Outbox'),
  /** Whose votes this process reacts to. */
  region: token<string>('OwnRegion'),
};

/** Of the runner within the service that tells receivers. */
export const RUNNER = 'feedback';
const runner = { url: internalUrl(RUNNER), timeoutMs: 30_000 };

/** Slack takes one message a second. A service that is slow must not hold up those of other polls. */
const QUEUES: Readonly<Record<string, QueueDraft>> = {
  [FEEDBACK_QUEUES.slack]: { order: 'fifo', leaseSeconds: 60, runner: { ...runner, concurrency: 1, ratePerSecond: 1 } },
  [FEEDBACK_QUEUES.url]: { order: 'fifo', leaseSeconds: 60, runner: { ...runner, concurrency: 8 } },
};

/** No more than a function needs that reacts to changes, beside the enqueuing part of tasks. */
export const reactingModule = ({ AWS_REGION }: CoreConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindOutbox(options);
    options.bind(ports.region).toConstantValue(AWS_REGION as string);
  });

export function bindOutbox({ bind }: ContainerModuleLoadOptions): void {
  bind(ports.outbox).toResolvedValue(
    (enqueueTask, queues) => new TaskOutbox(enqueueTask, queues, QUEUES),
    [EnqueueTask, tasks.queues],
  );
}
