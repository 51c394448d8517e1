import { afterAll } from '@jest/globals';
import type { Container } from 'inversify';
import { streamsClient } from '../../src/adapters/dynamodb/streams/client.ts';
import { ports } from '../../src/entrypoints/composition/tasks/tokens.ts';
import { StreamCounting } from '../helpers/counted-tasks.ts';
import { dynamoDbApp, dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { alwaysActive } from '../helpers/every-queue.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { describeTasksRoutes } from '../suites/tasks-routes.ts';

await withServer('tasks on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  // The clock of the test stands in the past; with a short retention the store would delete what it finishes.
  const settings: Record<string, string> = { ...dynamoDbSettings(endpoint), TASK_RETENTION_DAYS: '3650' };
  const tables = { tasks: `${settings.TABLE_PREFIX}tasks`, queues: `${settings.TABLE_PREFIX}queues` };
  const client = await clientOf(endpoint);
  const streams = streamsClient(endpoint);
  afterAll(() => {
    client.destroy();
    streams.destroy();
  });
  let counting: StreamCounting | undefined;

  // Sweeps do not wait for the stream to be read, so that the clock of the test alone decides.
  const sweeping = (queues: ReadonlySet<string>) => (container: Container) => {
    container.rebind(ports.active).toConstantValue(alwaysActive(async () => queues));
  };

  describeTasksRoutes(
    'DynamoDB',
    (queuesOfTest) => dynamoDbApp(endpoint, settings, { prepare: sweeping(queuesOfTest) }),
    {
      bulk: false,
      approximate: ['throughputPerSecond', 'counters'],
      // The service reads the stream as well, every second.
      count: ({ container }) => {
        counting ??= new StreamCounting(client, streams, tables, container.get(ports.counts));
        return counting.go();
      },
    },
  );
});
