import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import type { QueueDraft } from '../../../domain/tasks/queue.ts';
import { TaskLeases } from '../../../domain/tasks/task-leases.ts';
import { FEEDBACK_QUEUES } from '../../../domain/votes/feedback.ts';
import { NotifyFeedback } from '../../../domain/votes/notify-feedback.ts';
import type { Outbox } from '../../../ports/system.ts';
import { type CoreConfig, isEmbedded } from '../../config/core.ts';
import { internalUrl } from '../../worker/internal-runner.ts';
import { system } from '../compose.ts';
import { ports as tasks } from '../tasks/tokens.ts';
import { token } from '../token.ts';
import { ports as votes } from '../votes/module.ts';
import { feedbackWork } from './feedback-work.ts';
import { TaskOutbox } from './outbox.ts';
import { reactToRecords } from './react-to-feedback.ts';

export const ports = { outbox: token<Outbox>('Outbox') };

const RUNNER = 'feedback';
const runner = { url: internalUrl(RUNNER), timeoutMs: 30_000 };

/** Slack takes one message a second. A receiver that is slow holds up those of other polls, so that several are called at once. */
const QUEUES: Readonly<Record<string, QueueDraft>> = {
  [FEEDBACK_QUEUES.slack]: { order: 'fifo', leaseSeconds: 60, runner: { ...runner, concurrency: 1, ratePerSecond: 1 } },
  [FEEDBACK_QUEUES.url]: { order: 'fifo', leaseSeconds: 60, runner: { ...runner, concurrency: 8 } },
};

/** What a process needs that reacts to changes. */
export const reactingModule = (): ContainerModule => new ContainerModule(bindOutbox);

/** What a process needs that does what follows from them. */
export const workingModule = (): ContainerModule => new ContainerModule(bindWork);

/** Both, for a process that has votes and tasks in it. */
export const feedbackModule = (config: CoreConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindOutbox(options);
    bindWork(options);
    if (isEmbedded(config)) return;
    options.rebind(votes.afterFold).toResolvedValue(
      (outbox, { region }, logger, meter) =>
        (records) => reactToRecords({ outbox, region, logger, meter }, records),
      [ports.outbox, votes.ledger, system.logger, system.meter],
    );
  });

function bindOutbox({ bind }: ContainerModuleLoadOptions): void {
  bind(ports.outbox).toResolvedValue(
    (enqueueTask, queues) => new TaskOutbox(enqueueTask, queues, QUEUES),
    [EnqueueTask, tasks.queues],
  );
}

function bindWork({ rebind }: ContainerModuleLoadOptions): void {
  rebind(tasks.internalWork).toResolvedValue(
    (notifyFeedback, claimTasks, taskLeases, store, clock) =>
      new Map([[RUNNER, feedbackWork({ notifyFeedback, claimTasks, taskLeases, tasks: store, clock })]]),
    [NotifyFeedback, ClaimTasks, TaskLeases, tasks.tasks, system.steadyClock],
  );
}
