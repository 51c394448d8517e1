import { describe, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { voteUnderFaults } from '../suites/votes-under-faults.ts';

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

await withServer('votes under faults', startDynamoDbLocal, ({ endpoint }) => {
  // One seed again: npm run test:long -- votes-under-faults -t 'seed 7$'
  describe('with faults on every port call and each message delivered one to five times', () => {
    it.each(SEEDS)(
      '1,000 votes are counted exactly: seed %i',
      (seed) => voteUnderFaults(endpoint, seed, 1_000),
      600_000,
    );

    it('10,000 votes are counted exactly: seed 21', () => voteUnderFaults(endpoint, 21, 10_000), 3_000_000);
  });
});
