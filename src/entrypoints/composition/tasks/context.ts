import type { Container } from 'inversify';
import { taskTableDefinitions } from '../../../adapters/dynamodb/task-tables.ts';
import { problems } from '../../http/tasks/problems.ts';
import { tasksRoutes } from '../../http/tasks/routes.ts';
import { TaskWorker } from '../../worker/task-worker.ts';
import { system } from '../compose.ts';
import type { Context, Loop } from '../context.ts';
import { sweep } from '../loops.ts';
import { stopTimes } from '../stop-times.ts';
import { figures } from './figures.ts';
import { tasksModule } from './module.ts';
import { runnerHostsOf, settings, type TasksConfig, tablesOf } from './settings.ts';
import { tasksStreamReader } from './stream-handler.ts';
import { ports, useCases } from './tokens.ts';

export const tasks: Context<typeof settings> = {
  name: 'tasks',
  settings,
  module: tasksModule,
  problems,
  figures,
  tables: (config) => taskTableDefinitions(tablesOf(config)),
  routes: (container: Container, config: TasksConfig) =>
    tasksRoutes({
      enqueueTask: container.get(useCases.enqueueTask),
      findTasks: container.get(useCases.findTasks),
      claimTasks: container.get(useCases.claimTasks),
      extendLease: container.get(useCases.extendLease),
      completeTask: container.get(useCases.completeTask),
      failTask: container.get(useCases.failTask),
      releaseTask: container.get(useCases.releaseTask),
      cancelTask: container.get(useCases.cancelTask),
      redriveTasks: container.get(useCases.redriveTasks),
      purgeQueue: container.get(useCases.purgeQueue),
      findQueues: container.get(useCases.findQueues),
      configureQueue: container.get(useCases.configureQueue),
      pauseQueue: container.get(useCases.pauseQueue),
      signals: container.get(ports.signals),
      runnerHosts: runnerHostsOf(config),
    }),
  loops: (container: Container, config: TasksConfig) => {
    const logger = container.get(system.logger);
    const sweepTasks = container.get(useCases.sweepTasks);
    const worker = new TaskWorker({
      queues: container.get(ports.queues),
      tasks: container.get(ports.tasks),
      active: container.get(ports.active),
      notifications: container.get(ports.signals),
      claimTasks: container.get(useCases.claimTasks),
      runTask: container.get(useCases.runTask),
      guardRunner: container.get(useCases.guardRunner),
      extendLease: container.get(useCases.extendLease),
      clock: container.get(system.clock),
      logger,
      meter: container.get(system.meter),
    });
    return [
      { start: () => worker.start(), stop: () => worker.stop(stopTimes(config).callsMs) },
      ...(config.STORAGE === 'memory' ? [] : [countingLoop(container)]),
      sweep('sweeping the queues', config.SWEEP_SECONDS, logger, () => sweepTasks.execute()),
    ];
  },
};

/** Counts what all processes do to tasks, and tells them of new ones. */
function countingLoop(container: Container): Loop {
  const records = container.get(ports.records);
  const reader = tasksStreamReader({
    counts: container.get(ports.counts),
    active: container.get(ports.active),
    logger: container.get(system.logger),
  });
  return { start: () => records.start(reader), stop: () => records.stop() };
}
