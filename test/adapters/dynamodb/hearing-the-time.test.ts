import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type Reading, StoreClock } from '../../../src/adapters/dynamodb/store-clock.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newStockTable } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

const HOUR = 3_600_000;

await withServer('the time of DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  const table = await newStockTable(client);
  afterAll(() => client.destroy());

  const get = (TableName: string) => client.send(new GetCommand({ TableName, Key: { stockId: 'x' } }));
  /** Of a machine whose wall clock is an hour ahead. */
  const read = (): Reading => ({ wall: Date.now() + HOUR, monotonic: performance.now() });

  describe('the time of DynamoDB', () => {
    it.each([
      ['an answer', () => get(table)],
      ['a refusal', () => get('no-such-table').catch(() => undefined)],
    ])('is heard from %s', async (_, ask) => {
      const clock = new StoreClock({ ask, read });
      clock.listenTo(client);

      await clock.sync();
      // The server has the clock of this machine.
      expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
      expect(clock.earliest()).toBeLessThanOrEqual(Date.now());
    });

    it('is known to some tenths of a second after two dozen answers', async () => {
      const clock = new StoreClock({ ask: () => get(table), read });
      clock.listenTo(client);
      await clock.sync();
      const end = performance.now() + 1_500;
      while (performance.now() < end) await get(table);

      expect(Math.abs(clock.now() - Date.now())).toBeLessThan(200);
      expect(Date.now() - clock.earliest()).toBeLessThan(400);
      expect(clock.earliest()).toBeLessThanOrEqual(Date.now());
    });
  });
});
