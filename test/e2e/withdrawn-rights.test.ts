import { describe, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { withdrawRights } from '../suites/withdrawn-rights.ts';

await withServer('withdrawn rights', startDynamoDbLocal, ({ endpoint }) => {
  // A hundred times: npm run test:long.
  describe('a right that is withdrawn at one process', () => {
    it('lets nothing through at another one once its time has come, also where that stood still', async () => {
      await withdrawRights(endpoint, { rights: 2, pauses: 1 });
    }, 120_000);
  });
});
