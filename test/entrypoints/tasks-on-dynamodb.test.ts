import { dynamoDbApp } from '../helpers/dynamodb-app.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { describeTasksRoutes } from './tasks-routes.suite.ts';

/** The clock of the test stands in the past; with a short retention the store would delete what it finishes. */
const settings = { TASK_RETENTION_DAYS: '3650' };

await withServer('tasks on DynamoDB', startDynamoDbLocal, ({ endpoint }) => {
  describeTasksRoutes('DynamoDB', () => dynamoDbApp(endpoint, settings), {
    bulk: false,
    approximate: [
      'pending',
      'taken',
      'deadLetters',
      'oldestPendingAgeMs',
      'newestPendingAgeMs',
      'throughputPerSecond',
      'counters',
    ],
  });
});
