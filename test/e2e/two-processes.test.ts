import { describe, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { voteThroughProcesses } from '../suites/votes-through-processes.ts';

await withServer('two processes', startDynamoDbLocal, ({ endpoint }) => {
  // 20,000 votes and five kills: npm run test:long.
  describe('two service processes on DynamoDB', () => {
    it('count 600 votes exactly while each is killed once and the poll is closed under way', async () => {
      await voteThroughProcesses(endpoint, { votes: 600, kills: [0, 1] });
    }, 180_000);
  });
});
