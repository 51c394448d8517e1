import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { FeedbackReceivers } from '../../../adapters/http/feedback-receivers.ts';
import { SlackReceiver } from '../../../adapters/http/slack-receiver.ts';
import { UrlReceiver } from '../../../adapters/http/url-receiver.ts';
import { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { TaskLeases } from '../../../domain/tasks/task-leases.ts';
import { NotifyFeedback } from '../../../domain/votes/notify-feedback.ts';
import { isEmbedded } from '../../config/core.ts';
import { runnerHostsOf, type TasksConfig } from '../../config/tasks.ts';
import { slackAccessOf, type VotesConfig } from '../../config/votes.ts';
import { system } from '../compose.ts';
import { ports as tasks } from '../tasks/tokens.ts';
import { provide } from '../token.ts';
import { ports as votes } from '../votes/module.ts';
import { feedbackWork } from './feedback-work.ts';
import { bindOutbox, ports, RUNNER } from './outbox-module.ts';
import { reactToRecords } from './react-to-feedback.ts';

/** It has none of its own. */
export type FeedbackConfig = VotesConfig & TasksConfig;

/** For a process that has votes and tasks in it; loaded behind them. */
export const feedbackModule = (config: FeedbackConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindOutbox(options);
    bindWork(options, config);
    if (isEmbedded(config)) return;
    options.rebind(votes.afterFold).toResolvedValue(
      (outbox, { region }, logger, meter) =>
        (records) =>
          reactToRecords({ outbox, region, logger, meter }, records),
      [ports.outbox, votes.ledger, system.logger, system.meter],
    );
  });

/** No more than a function needs that works on tasks; loaded behind the working part of tasks and what notifies. */
export const workingModule = (config: FeedbackConfig): ContainerModule =>
  new ContainerModule((options) => bindWork(options, config));

function bindWork({ bind, rebind }: ContainerModuleLoadOptions, config: FeedbackConfig): void {
  bind(votes.receiver).toResolvedValue(
    (clock) => {
      const slack = slackAccessOf(config);
      const urls = new UrlReceiver(runnerHostsOf(config), clock);
      return new FeedbackReceivers(urls, slack && new SlackReceiver(slack, clock));
    },
    [system.machineClock],
  );
  const { polls, ledger, answers, receiver } = votes;
  provide(bind, NotifyFeedback, polls, ledger, answers, receiver, system.clock, system.ids);
  rebind(tasks.internalWork).toResolvedValue(
    (notifyFeedback, claimTasks, taskLeases, store, clock) =>
      new Map([[RUNNER, feedbackWork({ notifyFeedback, claimTasks, taskLeases, tasks: store, clock })]]),
    [NotifyFeedback, ClaimTasks, TaskLeases, tasks.tasks, system.steadyClock],
  );
}
