import { describe, expect, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { voteWithStoppedWorker } from '../suites/stopped-worker.ts';

await withServer('a stopped worker', startDynamoDbLocal, ({ endpoint }) => {
  describe('results while the only worker stands still', () => {
    it('say at every moment how far they are complete, and show all votes within 15 s', async () => {
      expect(await voteWithStoppedWorker(endpoint, 300)).toBeLessThan(15_000);
    }, 90_000);
  });
});
