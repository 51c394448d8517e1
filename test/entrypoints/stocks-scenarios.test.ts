import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { injecting } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { overSocket } from '../helpers/raw-http.ts';
import { play } from '../scenarios/play.ts';
import { stocksScenarios } from '../scenarios/stocks.ts';

describe('a scenario of stocks', () => {
  let service: EmbeddedApp;
  let conforms: ReturnType<typeof conformanceTo>;
  beforeAll(async () => {
    service = await embeddedApp();
    conforms = conformanceTo((await service.app.inject('/openapi.json')).json());
  });
  afterAll(() => service.close());

  it.each(stocksScenarios.map((scenario) => [scenario.what, scenario] as const))(
    '%s, by inject',
    async (_, scenario) => {
      await play(scenario, injecting(service.app), conforms);
    },
  );

  it.each([
    ['HTG', {}, ['HTG']],
    ['HTG,GBX,USD', { GBX: '8380.12', USD: '111.55' }, ['HTG']],
  ])('has a value for whoever names no currency, with DEFAULT_CURRENCIES=%s', async (currencies, values, missing) => {
    const other = await embeddedApp({ DEFAULT_CURRENCIES: currencies });
    try {
      const answers = { '/stock/AMZN': { EUR: '97.00', ...values }, '/convert?amount=97&from=EUR': values };
      for (const [url, expected] of Object.entries(answers)) {
        const answer = await injecting(other.app)({ url });
        expect([answer.status, JSON.parse(answer.body)]).toEqual([
          200,
          expect.objectContaining({ values: expected, missing }),
        ]);
      }
    } finally {
      await other.close();
    }
  });

  it.each(['GBp', 'usd', 'BGN', 'XAU'])('does not start with DEFAULT_CURRENCIES=%s', async (currencies) => {
    await expect(embeddedApp({ DEFAULT_CURRENCIES: currencies })).rejects.toThrow('DEFAULT_CURRENCIES');
  });

  it('is the same over a socket', async () => {
    const other = await embeddedApp();
    const { port } = new URL(await other.app.listen({ host: '127.0.0.1', port: 0 }));

    try {
      for (const scenario of stocksScenarios) await play(scenario, overSocket(Number(port)), conforms);
    } finally {
      await other.close();
    }
  });
});
