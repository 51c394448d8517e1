import { ContainerModule } from 'inversify';
import { DynamoDbQueueStore } from '../../../adapters/dynamodb/queue-store.ts';
import { DynamoDbTaskStore } from '../../../adapters/dynamodb/task-store.ts';
import { HttpTaskRunner } from '../../../adapters/http/task-runner.ts';
import { MemoryQueueStore } from '../../../adapters/memory/queue-store.ts';
import { MemoryTaskStore } from '../../../adapters/memory/task-store.ts';
import { MemoryWakeUps } from '../../../adapters/memory/wake-ups.ts';
import { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { CompleteTask } from '../../../domain/tasks/complete-task.ts';
import { ConfigureQueue } from '../../../domain/tasks/configure-queue.ts';
import { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import { ExtendLease } from '../../../domain/tasks/extend-lease.ts';
import { FailTask } from '../../../domain/tasks/fail-task.ts';
import { FindQueues } from '../../../domain/tasks/find-queues.ts';
import { FindTasks } from '../../../domain/tasks/find-tasks.ts';
import { QueueOrders } from '../../../domain/tasks/queue-orders.ts';
import { RedriveTasks } from '../../../domain/tasks/redrive-tasks.ts';
import { ReleaseTask } from '../../../domain/tasks/release-task.ts';
import { RunTask } from '../../../domain/tasks/run-task.ts';
import { SweepTasks } from '../../../domain/tasks/sweep-tasks.ts';
import type { QueueStore, TaskRunner, TaskStore, WakeUps } from '../../../ports/tasks.ts';
import { system } from '../compose.ts';
import { dynamoDb } from '../dynamodb.ts';
import { token } from '../token.ts';
import { type TasksConfig, tablesOf } from './settings.ts';

export const ports = {
  tasks: token<TaskStore>('TaskStore'),
  queues: token<QueueStore>('QueueStore'),
  wakeUps: token<WakeUps>('WakeUps'),
  runner: token<TaskRunner>('TaskRunner'),
};

export const useCases = {
  enqueueTask: token<EnqueueTask>('EnqueueTask'),
  findTasks: token<FindTasks>('FindTasks'),
  claimTasks: token<ClaimTasks>('ClaimTasks'),
  extendLease: token<ExtendLease>('ExtendLease'),
  completeTask: token<CompleteTask>('CompleteTask'),
  failTask: token<FailTask>('FailTask'),
  releaseTask: token<ReleaseTask>('ReleaseTask'),
  redriveTasks: token<RedriveTasks>('RedriveTasks'),
  runTask: token<RunTask>('RunTask'),
  sweepTasks: token<SweepTasks>('SweepTasks'),
  findQueues: token<FindQueues>('FindQueues'),
  configureQueue: token<ConfigureQueue>('ConfigureQueue'),
  queueOrders: token<QueueOrders>('QueueOrders'),
};

const DAY_MS = 86_400_000;

/** Binds the ports of the tasks context to the adapters of the configured profile, and its use cases to the ports. */
export const tasksModule = (config: TasksConfig): ContainerModule =>
  new ContainerModule((options) => {
    if (config.STORAGE === 'memory') bindMemory(options, config);
    else bindDynamoDb(options, config);
    options.bind(ports.runner).toResolvedValue((clock) => new HttpTaskRunner(clock), [system.clock]);
    bindUseCases(options);
  });

type Options = Parameters<ConstructorParameters<typeof ContainerModule>[0]>[0];

function bindMemory({ bind }: Options, config: TasksConfig): void {
  bind(ports.tasks).toResolvedValue(() => new MemoryTaskStore(config.TASK_RETENTION_DAYS * DAY_MS));
  bind(ports.queues).toResolvedValue(() => new MemoryQueueStore());
  bind(ports.wakeUps).toResolvedValue(() => new MemoryWakeUps());
}

/** Wake-ups reach this process alone; the others find out when they look, every second. */
function bindDynamoDb({ bind }: Options, config: TasksConfig): void {
  const tables = tablesOf(config);
  bind(ports.tasks).toResolvedValue(
    (client, clock, lifecycle) => {
      const store = new DynamoDbTaskStore(client, tables, config.TASK_RETENTION_DAYS * DAY_MS, clock);
      lifecycle.onClose(() => store.flush());
      return store;
    },
    [dynamoDb, system.clock, system.lifecycle],
  );
  bind(ports.queues).toResolvedValue(
    (client, lifecycle) => {
      const store = new DynamoDbQueueStore(client, tables.queues);
      lifecycle.dependsOn('queues', async () => void (await store.get('readiness')));
      return store;
    },
    [dynamoDb, system.lifecycle],
  );
  bind(ports.wakeUps).toResolvedValue(() => new MemoryWakeUps());
}

function bindUseCases({ bind }: Options): void {
  const { tasks, queues, wakeUps } = ports;
  const { clock, ids, random } = system;
  bind(useCases.queueOrders).toResolvedValue((tasks, clock) => new QueueOrders(tasks, clock), [tasks, clock]);
  bind(useCases.enqueueTask).toResolvedValue(
    (tasks, queues, wakeUps, clock, ids) => new EnqueueTask(tasks, queues, wakeUps, clock, ids),
    [tasks, queues, wakeUps, clock, ids],
  );
  bind(useCases.findTasks).toResolvedValue((tasks) => new FindTasks(tasks), [tasks]);
  bind(useCases.claimTasks).toResolvedValue(
    (tasks, queues, orders, clock, ids, random) => new ClaimTasks(tasks, queues, orders, clock, ids, random),
    [tasks, queues, useCases.queueOrders, clock, ids, random],
  );
  bind(useCases.extendLease).toResolvedValue(
    (tasks, queues, clock) => new ExtendLease(tasks, queues, clock),
    [tasks, queues, clock],
  );
  bind(useCases.completeTask).toResolvedValue((tasks, clock) => new CompleteTask(tasks, clock), [tasks, clock]);
  bind(useCases.failTask).toResolvedValue(
    (tasks, wakeUps, clock, random) => new FailTask(tasks, wakeUps, clock, random),
    [tasks, wakeUps, clock, random],
  );
  bind(useCases.releaseTask).toResolvedValue(
    (tasks, wakeUps, clock) => new ReleaseTask(tasks, wakeUps, clock),
    [tasks, wakeUps, clock],
  );
  bind(useCases.redriveTasks).toResolvedValue(
    (tasks, queues, wakeUps, clock) => new RedriveTasks(tasks, queues, wakeUps, clock),
    [tasks, queues, wakeUps, clock],
  );
  bind(useCases.runTask).toResolvedValue(
    (runner, complete, fail, release) => new RunTask(runner, complete, fail, release),
    [ports.runner, useCases.completeTask, useCases.failTask, useCases.releaseTask],
  );
  bind(useCases.sweepTasks).toResolvedValue(
    (tasks, queues, wakeUps, clock) => new SweepTasks(tasks, queues, wakeUps, clock),
    [tasks, queues, wakeUps, clock],
  );
  bind(useCases.findQueues).toResolvedValue(
    (queues, tasks, orders, clock) => new FindQueues(queues, tasks, orders, clock),
    [queues, tasks, useCases.queueOrders, clock],
  );
  bind(useCases.configureQueue).toResolvedValue(
    (queues, wakeUps) => new ConfigureQueue(queues, wakeUps),
    [queues, wakeUps],
  );
}
