// What functions need that call no service: the HTTP client stays out of their bundles.
import { ContainerModule, type ContainerModuleLoadOptions } from 'inversify';
import { DynamoDbActiveQueues } from '../../../adapters/dynamodb/active-queues.ts';
import { DynamoDbQueueCounts } from '../../../adapters/dynamodb/queue-counts.ts';
import { DynamoDbQueueStore } from '../../../adapters/dynamodb/queue-store.ts';
import { DynamoDbTaskStore } from '../../../adapters/dynamodb/task-store.ts';
import { MemoryTaskNotifier } from '../../../adapters/memory/task-notifier.ts';
import { snsClient } from '../../../adapters/sns/client.ts';
import { SnsTaskNotifier } from '../../../adapters/sns/task-notifier.ts';
import { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import { SweepTasks } from '../../../domain/tasks/sweep-tasks.ts';
import { ConfigError } from '../../config/read-config.ts';
import { type TasksConfig, tablesOf } from '../../config/tasks.ts';
import { system } from '../compose.ts';
import { bindStore, dynamoDb } from '../dynamodb.ts';
import { atMostEvery } from '../lifecycle.ts';
import { provide, token } from '../token.ts';
import { fleet, ports } from './tokens.ts';

/** No more than the function needs that counts and wakes the processor. */
export const streamModule = (config: TasksConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindStores(options, config);
    bindTopic(options, config);
    options.bind(ports.notifier).toService(fleet.topic);
  });

/** No more than the function needs that sweeps queues. */
export const sweepingModule = (config: TasksConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindStores(options, config);
    bindTopic(options, config);
    options.bind(ports.notifier).toService(fleet.topic);
    bindSweeping(options);
  });

/** No more than a function needs that puts effects into queues; the stream of tasks tells the processor of them. */
export const enqueuingModule = (config: TasksConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindStores(options, config);
    options.bind(ports.notifier).toResolvedValue(() => new MemoryTaskNotifier());
    const { tasks, queues, active, notifier } = ports;
    provide(options.bind, EnqueueTask, tasks, queues, active, notifier, system.steadyClock, system.ids);
  });

export const DAY_MS = 86_400_000;
/** Of the names under which a process counts: enough random characters for all that are alive at one time. */
const NAME_LENGTH = 8;
/** Functions sweep by a schedule, which has no shorter interval. */
const SCHEDULE_MS = 60_000;

/** @param settleEveryMs how often what was counted is told at most for the reason that the process may stand still, ms */
export function bindStores({ bind }: ContainerModuleLoadOptions, config: TasksConfig, settleEveryMs = 0): void {
  const tables = tablesOf(config);
  const retentionMs = config.TASK_RETENTION_DAYS * DAY_MS;
  const sweepMs = Math.max(SCHEDULE_MS, config.SWEEP_SECONDS * 1000);
  const queueCounts = token<DynamoDbQueueCounts>('DynamoDbQueueCounts');
  bind(queueCounts).toResolvedValue(
    (client, clock, ids, lifecycle) => {
      const counts = new DynamoDbQueueCounts(client, tables.queues, clock, () => ids.secret().slice(0, NAME_LENGTH));
      lifecycle.onSettle(atMostEvery(settleEveryMs, () => counts.flush()));
      lifecycle.onClose(() => counts.flush());
      return counts;
    },
    [dynamoDb, system.clock, system.ids, system.lifecycle],
  );
  bind(ports.counts).toService(queueCounts);
  bind(ports.tasks).toResolvedValue(
    (client, counts, clock, lifecycle) => {
      const store = new DynamoDbTaskStore(client, tables, counts, retentionMs, clock, sweepMs);
      lifecycle.dependsOn('store', async () => void (await store.get('readiness')));
      return store;
    },
    [dynamoDb, queueCounts, system.clock, system.lifecycle],
  );
  bindStore(bind, ports.queues, (client) => new DynamoDbQueueStore(client, tables.queues));
  bind(ports.active).toResolvedValue(
    (client, clock) => new DynamoDbActiveQueues(client, tables.queues, clock),
    [dynamoDb, system.clock],
  );
}

/** @throws ConfigError when nothing says which topic */
export function bindTopic({ bind }: ContainerModuleLoadOptions, { WAKE_UPS_TOPIC_ARN: topicArn }: TasksConfig): void {
  if (topicArn === undefined) throw new ConfigError(['WAKE_UPS_TOPIC_ARN is needed by this function']);
  bind(fleet.topic).toResolvedValue(
    (lifecycle) => {
      const client = snsClient();
      lifecycle.onClose(() => client.destroy());
      return new SnsTaskNotifier(client, topicArn);
    },
    [system.lifecycle],
  );
}

export function bindSweeping({ bind }: ContainerModuleLoadOptions): void {
  provide(bind, SweepTasks, ports.tasks, ports.queues, ports.active, ports.notifier, system.steadyClock, system.meter);
}
