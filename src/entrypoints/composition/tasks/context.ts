import type { Container } from 'inversify';
import { taskTableDefinitions } from '../../../adapters/dynamodb/task-tables.ts';
import { CancelTask } from '../../../domain/tasks/cancel-task.ts';
import { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { ConfigureQueue } from '../../../domain/tasks/configure-queue.ts';
import { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import { FindQueues } from '../../../domain/tasks/find-queues.ts';
import { FindTasks } from '../../../domain/tasks/find-tasks.ts';
import { GuardRunner } from '../../../domain/tasks/guard-runner.ts';
import { PauseQueue } from '../../../domain/tasks/pause-queue.ts';
import { PurgeQueue } from '../../../domain/tasks/purge-queue.ts';
import { RedriveTasks } from '../../../domain/tasks/redrive-tasks.ts';
import { RunTask } from '../../../domain/tasks/run-task.ts';
import { SweepTasks } from '../../../domain/tasks/sweep-tasks.ts';
import { TaskLeases } from '../../../domain/tasks/task-leases.ts';
import { isEmbedded } from '../../config/core.ts';
import { stopTimes } from '../../config/stop-times.ts';
import { runnerHostsOf, settings, tablesOf } from '../../config/tasks.ts';
import { problems } from '../../http/tasks/problems.ts';
import { tasksRoutes } from '../../http/tasks/routes.ts';
import { TaskWorker } from '../../worker/task-worker.ts';
import { system } from '../compose.ts';
import { defineContext, type Loop } from '../context.ts';
import { sweep } from '../loops.ts';
import { tasksStreamReader } from './count-records.ts';
import { metrics } from './metrics.ts';
import { tasksModule } from './module.ts';
import { ports } from './tokens.ts';

export const tasks = defineContext({
  name: 'tasks',
  settings,
  module: tasksModule,
  problems,
  metrics,
  tables: (config) => taskTableDefinitions(tablesOf(config)),
  routes: (container, config) =>
    tasksRoutes({
      enqueueTask: container.get(EnqueueTask),
      findTasks: container.get(FindTasks),
      claimTasks: container.get(ClaimTasks),
      taskLeases: container.get(TaskLeases),
      cancelTask: container.get(CancelTask),
      redriveTasks: container.get(RedriveTasks),
      purgeQueue: container.get(PurgeQueue),
      findQueues: container.get(FindQueues),
      configureQueue: container.get(ConfigureQueue),
      pauseQueue: container.get(PauseQueue),
      notifications: container.get(ports.notifications),
      runnerHosts: runnerHostsOf(config),
    }),
  loops: (container, config) => {
    const logger = container.get(system.logger);
    const meter = container.get(system.meter);
    const sweepTasks = container.get(SweepTasks);
    const worker = new TaskWorker({
      queues: container.get(ports.queues),
      tasks: container.get(ports.tasks),
      active: container.get(ports.active),
      notifications: container.get(ports.notifications),
      claimTasks: container.get(ClaimTasks),
      runTask: container.get(RunTask),
      guardRunner: container.get(GuardRunner),
      taskLeases: container.get(TaskLeases),
      clock: container.get(system.steadyClock),
      logger,
      meter,
    });
    return [
      { start: () => worker.start(), stop: () => worker.stop(stopTimes(config).callsMs) },
      ...(isEmbedded(config) ? [] : [countingLoop(container)]),
      sweep('sweeping the queues', config.SWEEP_SECONDS, logger, async () => {
        meter.record('BusyRunnerSlots', Math.round(100 * worker.use), 'Count');
        await sweepTasks.execute();
      }),
    ];
  },
});

/** Counts what all processes do to tasks, and tells them of new ones. */
function countingLoop(container: Container): Loop {
  const records = container.get(ports.records);
  const reader = tasksStreamReader({
    counts: container.get(ports.counts),
    active: container.get(ports.active),
    logger: container.get(system.logger),
    meter: container.get(system.meter),
  });
  return { start: () => records.start(reader), stop: () => records.stop() };
}
