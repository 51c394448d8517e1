import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { injecting } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { overSocket } from '../helpers/raw-http.ts';
import { play } from '../helpers/scenarios/play.ts';
import { stocksScenarios } from '../helpers/scenarios/stocks.ts';

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
