import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { dynamoDbApp } from '../helpers/dynamodb-app.ts';
import { authorization } from '../helpers/embedded-app.ts';
import { injecting } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { play } from '../helpers/scenarios/play.ts';
import { stocksScenarios } from '../helpers/scenarios/stocks.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { type Fate, FaultyProxy, refusal } from '../helpers/servers/faulty-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { stocksAlone } from '../helpers/stocks-under-faults.ts';

await withServer('stocks on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  const proxy = await FaultyProxy.start(endpoint);
  const service = await dynamoDbApp(proxy.endpoint, {}, { contexts: stocksAlone });
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
