import { describe, expect, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { withdrawRights } from '../suites/withdrawn-rights.ts';

await withServer('withdrawn rights', startDynamoDbLocal, ({ endpoint }) => {
  describe('a hundred rights that are withdrawn at one process', () => {
    it('let nothing through at another one once their time has come', async () => {
      const { lastLetThroughMs, requests } = await withdrawRights(endpoint, { rights: 100, pauses: 3 });
      const worst = Math.max(...lastLetThroughMs);
      process.stderr.write(`${requests} requests; the last that was let through came ${worst} ms after the change\n`);
      expect(worst).toBeLessThan(5_000);
    }, 180_000);
  });
});
