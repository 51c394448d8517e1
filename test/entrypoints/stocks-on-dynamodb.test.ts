import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { dynamoDbApp } from '../helpers/dynamodb-app.ts';
import { authorization } from '../helpers/embedded-app.ts';
import { injecting } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf } from '../helpers/servers/dynamodb-tables.ts';
import { type Fate, FaultyProxy, refusal } from '../helpers/servers/faulty-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { play } from '../scenarios/play.ts';
import { stocksScenarios } from '../scenarios/stocks.ts';
import { stocksAlone } from '../suites/stocks-under-faults.ts';

await withServer('stocks on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  const proxy = await FaultyProxy.start(endpoint);
  const table = `test-${process.pid}-first-stocks`;
  const service = await dynamoDbApp(proxy.endpoint, { STOCKS_TABLE: table }, { contexts: stocksAlone });
  const send = injecting(service.app);
  const conforms = conformanceTo((await service.app.inject('/openapi.json')).json());
  const put = (stockId: string, body: object) =>
    send({ method: 'PUT', url: `/stock/${stockId}`, headers: authorization, body });
  const created = await put('AMZN', { value: '97.00' });
  afterAll(async () => {
    proxy.reset();
    await service.close();
    await proxy.stop();
  });
  afterEach(() => proxy.reset());

  describe('a scenario of stocks', () => {
    it('starts with a stock', () => {
      expect(created.status).toBe(201);
    });

    it.each(stocksScenarios.map((scenario) => [scenario.what, scenario] as const))('%s', async (_, scenario) => {
      await play(scenario, send, conforms);
    });
  });

  it('says that a stock is new, once, also where the store has to be asked again', async () => {
    const loseFirstAnswer = (): void => {
      let isFirst = true;
      proxy.fate = ({ operation }) => {
        const fate = isFirst && operation === 'UpdateItem' ? 'lose answer' : 'pass';
        if (operation === 'UpdateItem') isFirst = false;
        return fate;
      };
    };

    loseFirstAnswer();
    expect((await put('LOST', { value: '1.00', currency: 'USD' })).status).toBe(201);
    service.clock.advance(1);
    loseFirstAnswer();
    const again = await put('LOST', { value: '1.00' });
    expect([again.status, JSON.parse(again.body).currency]).toEqual([200, 'USD']);
    expect(proxy.requests.filter(({ operation }) => operation === 'UpdateItem')).toHaveLength(4);
  });

  it('deletes a stock once, also where the store has to be asked again', async () => {
    const remove = () => send({ method: 'DELETE', url: '/stock/LOST-2', headers: authorization });
    await put('LOST-2', { value: '1.00' });
    let isFirst = true;
    proxy.fate = ({ operation }) => {
      const fate = isFirst && operation === 'DeleteItem' ? 'lose answer' : 'pass';
      if (operation === 'DeleteItem') isFirst = false;
      return fate;
    };

    expect((await remove()).status).toBe(204);
    expect((await send({ url: '/stock/LOST-2' })).status).toBe(404);
    expect((await remove()).status).toBe(404);
  });

  it('reads what the first release has stored, also in a currency that is withdrawn by now', async () => {
    const stored = { stockId: 'SOFIA', value: '12.345', currency: 'BGN', updatedAt: 1_767_225_600_000 };
    const client = await clientOf(endpoint);
    await client.send(new PutCommand({ TableName: table, Item: stored }));

    const answer = await send({ url: '/stock/SOFIA?currencies=USD' });
    expect(conforms({ url: '/stock/SOFIA?currencies=USD' }, answer)).toBeUndefined();
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      expect.objectContaining({ value: '12.345', currency: 'BGN', values: { BGN: '12.35' }, missing: ['USD'] }),
    ]);
    expect((await put('SOFIA', { value: '6.31', currency: 'BGN' })).status).toBe(400);
    expect((await put('SOFIA', { value: '6.31', currency: 'EUR' })).status).toBe(200);
    expect(JSON.parse((await send({ url: '/stock/SOFIA?currencies=USD' })).body).missing).toBeUndefined();
  });

  describe('stocks on a store that fails', () => {
    const throttled = refusal('ProvisionedThroughputExceededException');

    it.each<[string, Fate]>([
      ['throttles', throttled],
      ['breaks every connection', 'lose request'],
      ['loses its answers', 'lose answer'],
      ['answers with server errors', refusal('InternalServerError', {}, 500)],
      ['answers with a page of some gateway', 'garble answer'],
      ['has lost its table', refusal('ResourceNotFoundException')],
      ['is silent', 'silence'],
      ['stops in the middle of its answers', 'stall answer'],
    ])('are 503 with Retry-After, within 3 s, when it %s', async (_, fate) => {
      proxy.fate = () => fate;
      const start = performance.now();
      const answers = await Promise.all([
        send({ url: '/stock/AMZN' }),
        send({ url: '/stock/AMZN?currencies=EUR' }),
        send({ url: '/stock/NONE' }),
        send({ url: '/stock' }),
        put('AMZN', { value: '97.00' }),
        send({ method: 'DELETE', url: '/stock/NONE', headers: authorization }),
      ]);

      expect(performance.now() - start).toBeLessThan(3_500);
      for (const { status, headers, body } of answers) {
        expect({ status, again: headers['retry-after'], ...JSON.parse(body) }).toMatchObject({
          status: 503,
          code: 'STORE_UNAVAILABLE',
          again: '1',
        });
        expect(body).not.toMatch(/Throughput|amazon|gateway/i);
      }
    });

    it('are there again, as they were, when it works', async () => {
      expect(JSON.parse((await send({ url: '/stock/AMZN?currencies=EUR' })).body).values).toEqual({ EUR: '97.00' });
    });
  });
});
