import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamsClient } from '../../src/adapters/dynamodb/streams/client.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { measureTaskUnits } from '../suites/task-units.ts';

const report = (line: string): void => void process.stderr.write(`${line}\n`);

await withServer('Units of tasks under load', startDynamoDbLocal, ({ endpoint }) => {
  describe('a task on DynamoDB, with lost claims and counts', () => {
    let client: DynamoDBDocumentClient;
    const streams = streamsClient(endpoint);
    beforeAll(async () => {
      client = await clientOf(endpoint);
    });
    afterAll(() => {
      client.destroy();
      streams.destroy();
    });

    it.each([
      ['normal load', 0.8, 3, 6.2],
      ['twice the capacity', 2, 1, 7],
    ])('costs, at %s, no more write units than it may', async (name, load, seconds, limit) => {
      const { succeeded, shed, writesPerTask } = await measureTaskUnits(client, streams, load, seconds);

      report(`${name}: ${writesPerTask.toFixed(2)} write units a task, ${succeeded} done and ${shed} shed`);
      expect(succeeded).toBeGreaterThan(100);
      expect(shed > 0).toBe(load > 1);
      expect(writesPerTask).toBeLessThanOrEqual(limit);
    });
  });
});
