import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { TaskLeases } from '../../../domain/tasks/task-leases.ts';
import { NotifyFeedback } from '../../../domain/votes/notify-feedback.ts';
import { type CoreConfig, isEmbedded } from '../../config/core.ts';
import { system } from '../compose.ts';
import { ports as tasks } from '../tasks/tokens.ts';
import { ports as votes } from '../votes/module.ts';
import { feedbackWork } from './feedback-work.ts';
import { bindOutbox, ports, RUNNER } from './outbox-module.ts';
import { reactToRecords } from './react-to-feedback.ts';

/** For a process that has votes and tasks in it; loaded behind them. */
export const feedbackModule = (config: CoreConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindOutbox(options);
    bindWork(options);
    if (isEmbedded(config)) return;
    options.rebind(votes.afterFold).toResolvedValue(
      (outbox, { region }, logger, meter) =>
        (records) =>
          reactToRecords({ outbox, region, logger, meter }, records),
      [ports.outbox, votes.ledger, system.logger, system.meter],
    );
  });

/** No more than a function needs that works on tasks; loaded behind the working part of tasks and what notifies. */
export const workingModule = (): ContainerModule => new ContainerModule(bindWork);

function bindWork({ rebind }: ContainerModuleLoadOptions): void {
  rebind(tasks.internalWork).toResolvedValue(
    (notifyFeedback, claimTasks, taskLeases, store, clock) =>
      new Map([[RUNNER, feedbackWork({ notifyFeedback, claimTasks, taskLeases, tasks: store, clock })]]),
    [NotifyFeedback, ClaimTasks, TaskLeases, tasks.tasks, system.steadyClock],
  );
}
