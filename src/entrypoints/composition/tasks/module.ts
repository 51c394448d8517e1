import { getHeapStatistics } from 'node:v8';
import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { DiskTaskStore } from '../../../adapters/disk/task-store.ts';
import { DynamoDbFleetLease } from '../../../adapters/dynamodb/fleet-lease.ts';
import { streamsClient } from '../../../adapters/dynamodb/streams/client.ts';
import { StreamConsumer } from '../../../adapters/dynamodb/streams/stream-consumer.ts';
import { HttpTaskRunner } from '../../../adapters/http/task-runner.ts';
import { MemoryActiveQueues } from '../../../adapters/memory/active-queues.ts';
import { MemoryQueueStore } from '../../../adapters/memory/queue-store.ts';
import { MemoryTaskNotifier } from '../../../adapters/memory/task-notifier.ts';
import { MemoryTaskStore } from '../../../adapters/memory/task-store.ts';
import { CancelTask } from '../../../domain/tasks/cancel-task.ts';
import { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import { ConfigureQueue } from '../../../domain/tasks/configure-queue.ts';
import { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import { FindQueues } from '../../../domain/tasks/find-queues.ts';
import { FindTasks } from '../../../domain/tasks/find-tasks.ts';
import { GuardRunner } from '../../../domain/tasks/guard-runner.ts';
import { PauseQueue } from '../../../domain/tasks/pause-queue.ts';
import { PurgeQueue } from '../../../domain/tasks/purge-queue.ts';
import { QueueOrders } from '../../../domain/tasks/queue-orders.ts';
import { RedriveTasks } from '../../../domain/tasks/redrive-tasks.ts';
import { RunTask } from '../../../domain/tasks/run-task.ts';
import { TaskLeases } from '../../../domain/tasks/task-leases.ts';
import type { QueueStore } from '../../../ports/tasks.ts';
import { isEmbedded, streamsEndpoint } from '../../config/core.ts';
import { runnerHostsOf, type TasksConfig, tablesOf } from '../../config/tasks.ts';
import { InternalRunner } from '../../worker/internal-runner.ts';
import { system } from '../compose.ts';
import { dynamoDb } from '../dynamodb.ts';
import { bindEmbedded, embedded } from '../embedded.ts';
import { provide, token } from '../token.ts';
import { bindStores, bindSweeping, bindTopic, DAY_MS } from './function-modules.ts';
import { fleet, ports } from './tokens.ts';

/** Binds the ports of the tasks context to the adapters of the configured profile, and its use cases to the ports. */
export const tasksModule = (config: TasksConfig): ContainerModule =>
  new ContainerModule((options) => {
    if (isEmbedded(config)) bindEmbeddedStores(options, config);
    else {
      bindStores(options, config, SETTLE_EVERY_MS);
      bindRecords(options, config);
    }
    bindNotifier(options);
    bindRunner(options, config);
    bindUseCases(options);
  });

/** No more than the function needs that works on tasks. */
export const processingModule = (config: TasksConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindStores(options, config);
    bindTopic(options, config);
    bindRunner(options, config);
    bindWorking(options);
    bindNotifier(options);
    options
      .bind(fleet.lease)
      .toResolvedValue(
        (client, ids, clock) => new DynamoDbFleetLease(client, tablesOf(config).queues, ids.next(), clock),
        [dynamoDb, system.ids, system.clock],
      );
  });

function bindEmbeddedStores({ bind }: ContainerModuleLoadOptions, config: TasksConfig): void {
  const retentionMs = config.TASK_RETENTION_DAYS * DAY_MS;
  bindEmbedded(bind, ports.tasks, ({ disk }) =>
    disk ? new DiskTaskStore(disk, retentionMs) : new MemoryTaskStore(retentionMs, maxMemoryBytes()),
  );
  const queues = token<MemoryQueueStore>('MemoryQueueStore');
  bind(queues).toResolvedValue(({ maps }) => new MemoryQueueStore(maps), [embedded]);
  bind(ports.queues).toResolvedValue((storage, queues) => storage.durable<QueueStore>(queues), [embedded, queues]);
  bind(ports.active).toResolvedValue((queues) => new MemoryActiveQueues(queues), [queues]);
}

/** Half of what the process may have: the rest of it lives there too. */
const maxMemoryBytes = (): number => getHeapStatistics().heap_size_limit / 2;

/** A function may answer many requests in a second, and would store its counts after each. */
const SETTLE_EVERY_MS = 1_000;
/** After this long a shard of the stream goes from a process that is gone to another one. */
const LEASE_MS = 6_000;

function bindRecords({ bind }: ContainerModuleLoadOptions, config: TasksConfig): void {
  const { tasks, queues } = tablesOf(config);
  bind(ports.records).toResolvedValue(
    (client, lifecycle, clock, ids, logger) => {
      const streams = streamsClient(streamsEndpoint(config));
      lifecycle.onClose(() => streams.destroy());
      return new StreamConsumer({
        client,
        streams,
        table: tasks,
        leaseTable: queues,
        owner: ids.next(),
        clock,
        leaseMs: LEASE_MS,
        onError: (err, doing) => logger.error({ err }, `${doing} failed; it is tried again`),
      });
    },
    [dynamoDb, system.lifecycle, system.clock, system.ids, system.logger],
  );
}

/** Notifications stay within this process; other processes poll the marks of active queues. */
function bindNotifier({ bind }: ContainerModuleLoadOptions): void {
  const memory = token<MemoryTaskNotifier>('MemoryTaskNotifier');
  bind(memory).toResolvedValue(() => new MemoryTaskNotifier());
  bind(ports.notifier).toService(memory);
  bind(ports.notifications).toService(memory);
}

function bindRunner({ bind }: ContainerModuleLoadOptions, config: TasksConfig): void {
  bind(ports.internalWork).toConstantValue(new Map());
  bind(ports.runner).toResolvedValue(
    (clock, work) => new InternalRunner(work, new HttpTaskRunner(clock, runnerHostsOf(config))),
    [system.clock, ports.internalWork],
  );
}

/** What a worker needs: claims, heartbeats, and the ways in which a lease ends. */
function bindWorking({ bind }: ContainerModuleLoadOptions): void {
  const { tasks, queues, notifier } = ports;
  const { steadyClock: clock, ids, random, meter } = system;
  provide(bind, QueueOrders, tasks, queues, clock);
  provide(bind, ClaimTasks, tasks, queues, QueueOrders, clock, ids, random, meter);
  provide(bind, TaskLeases, tasks, queues, notifier, clock, random, meter);
  provide(bind, RunTask, ports.runner, TaskLeases);
  provide(bind, GuardRunner, queues, clock, random);
}

function bindUseCases(options: ContainerModuleLoadOptions): void {
  bindSweeping(options);
  bindWorking(options);
  const { bind } = options;
  const { tasks, queues, active, notifier } = ports;
  const { steadyClock: clock, ids } = system;
  provide(bind, EnqueueTask, tasks, queues, active, notifier, clock, ids);
  provide(bind, FindTasks, tasks);
  provide(bind, RedriveTasks, tasks, queues, active, notifier, clock);
  provide(bind, FindQueues, queues, tasks, QueueOrders, clock);
  provide(bind, CancelTask, tasks, clock);
  provide(bind, PurgeQueue, tasks, queues, clock);
  provide(bind, PauseQueue, queues, active, notifier);
  provide(bind, ConfigureQueue, queues, active, notifier);
}
