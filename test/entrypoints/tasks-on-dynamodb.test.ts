import { afterAll } from '@jest/globals';
import { streamsClient } from '../../src/adapters/streams/client.ts';
import { ports } from '../../src/entrypoints/composition/tasks/tokens.ts';
import { StreamCounting } from '../helpers/counted-tasks.ts';
import { dynamoDbApp, dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { describeTasksRoutes } from './tasks-routes.suite.ts';

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

  describeTasksRoutes('DynamoDB', () => dynamoDbApp(endpoint, settings), {
    bulk: false,
    approximate: ['throughputPerSecond', 'counters'],
    // The service reads the stream as well, every second.
    count: ({ container }) => {
      counting ??= new StreamCounting(client, streams, tables, container.get(ports.counts));
      return counting.go();
    },
  });
});
