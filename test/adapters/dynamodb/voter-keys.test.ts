import { afterAll, describe, expect, it } from '@jest/globals';
import { DynamoDbVoterKeys } from '../../../src/adapters/dynamodb/voter-keys.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy } from '../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

await withServer('the voter key under faults', startDynamoDbLocal, async ({ endpoint }) => {
  const proxy = await FaultyProxy.start(endpoint);
  const client = await clientOf(proxy.endpoint, 1_000);
  afterAll(async () => {
    client.destroy();
    await proxy.stop();
  });

  describe('DynamoDbVoterKeys', () => {
    it('knows its own fingerprint when the answer to the first attempt was lost', async () => {
      const keys = new DynamoDbVoterKeys(client, (await newVoteTables(client)).votes);
      proxy.reset();
      proxy.fate = () => (proxy.requests.length === 1 ? 'lose answer' : 'pass');

      expect(await keys.putFirst('one')).toBe('one');
      expect(proxy.requests).toHaveLength(2);
      expect(await keys.putFirst('two')).toBe('one');
    });

    it('says that the store cannot answer when that is so', async () => {
      const keys = new DynamoDbVoterKeys(client, (await newVoteTables(client)).votes);
      proxy.fate = () => 'lose request';

      await expect(keys.putFirst('one')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(keys.replace('one')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      proxy.reset();
    });
  });
});
