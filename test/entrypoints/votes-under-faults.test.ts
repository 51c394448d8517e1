import { describe, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { voteUnderFaults } from '../suites/votes-under-faults.ts';

await withServer('votes under faults', startDynamoDbLocal, ({ endpoint }) => {
  // 20 seeds of 1,000 votes, and 10,000 votes at once: npm run test:long.
  describe('with faults on every port call and each message delivered one to five times', () => {
    it('200 votes are counted exactly', () => voteUnderFaults(endpoint, 101, 200), 120_000);
  });
});
