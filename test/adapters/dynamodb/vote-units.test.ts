import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { measureVoteUnits } from '../../helpers/vote-units.ts';

await withServer('Units of a vote', startDynamoDbLocal, ({ endpoint }) => {
  describe('a vote on DynamoDB, by the consumed capacity', () => {
    let client: DynamoDBDocumentClient;
    beforeAll(async () => {
      client = await clientOf(endpoint);
    });
    afterAll(() => client.destroy());
    const choices = ['RED', 'GREEN', 'BLUE'];

    it('costs at most 4.1 write units with its tally, three choices, 16 shards, 100 records a batch', async () => {
      const units = await measureVoteUnits(client, { choices, shards: 16 }, 300);

      expect(units.writesPerVote).toBe(4);
      expect(units.writesPerVote + units.tallyWritesPerVote).toBeLessThanOrEqual(4.1);
      expect(units.tallyRequestsPerBatch).toBe(2);
    });
  });
});
