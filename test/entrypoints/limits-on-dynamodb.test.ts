import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, describe, expect, it } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { ports } from '../../src/entrypoints/composition/limits/tokens.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf, dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';

const rate = { requests: 1, perSeconds: 3_600, burst: 100 };

await withServer('limits on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  const settings: Record<string, string> = { ...dynamoDbSettings(endpoint), ROLE: 'api' };
  Object.assign(process.env, dynamoDbEnv(endpoint));
  await makeTables(settings);
  const services: EmbeddedApp[] = [];
  const start = async () => {
    const service = await embeddedApp(settings);
    services.push(service);
    return service;
  };
  afterAll(async () => {
    for (const service of services.splice(0)) await service.close();
  });

  const put = ({ app }: EmbeddedApp, policyId: string) =>
    app.inject({ method: 'PUT', url: `/limits/${policyId}`, headers: authorization, payload: { rate } });
  const take = ({ app }: EmbeddedApp, policyId: string, key: string, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: `/limits/${policyId}/takes`,
      headers: { ...authorization, ...headers },
      payload: { key },
    });
  const allowedOf = async ({ app }: EmbeddedApp, policyId: string): Promise<number> =>
    (await app.inject({ url: `/limits/${policyId}`, headers: authorization })).json().allowed;

  describe('processes that serve requests alone', () => {
    it('store what they count, and know of each other', async () => {
      const one = await start();
      const other = await start();
      await put(one, 'counted');
      for (const service of [one, one, other]) expect((await take(service, 'counted', 'k')).statusCode).toBe(200);

      expect(
        await eventually(
          () => allowedOf(one, 'counted'),
          (allowed) => allowed === 3,
        ),
      ).toBe(3);
      const known = () => services.map(({ container }) => container.get(ports.counts).processes());
      expect(await eventually(known, (counts) => Math.max(...counts) === 2)).toContain(2);
    });

    it('store at their end what they have counted since', async () => {
      const ending = await embeddedApp(settings);
      const staying = await start();
      await put(ending, 'ending');
      for (let count = 0; count < 5; count++) await take(ending, 'ending', 'k');
      await ending.close();

      expect(await allowedOf(staying, 'ending')).toBe(5);
    });
  });

  it('keeps no key as it is, also of takes with an id', async () => {
    const service = await start();
    await put(service, 'hidden');
    const key = 'person@example.org';
    expect((await take(service, 'hidden', key, { 'idempotency-key': 'once' })).json()).toMatchObject({ allowed: true });

    const TableName = `${settings.TABLE_PREFIX}limits`;
    const client = await clientOf(endpoint);
    const { Items = [] } = await client.send(new ScanCommand({ TableName }));
    expect(Items.filter(({ pk }) => String(pk).includes('#hidden')).length).toBeGreaterThan(1);
    expect(JSON.stringify(Items)).not.toContain(key);
  });
});
