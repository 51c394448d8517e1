import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { injecting } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { overSocket } from '../helpers/raw-http.ts';
import { play } from '../scenarios/play.ts';
import { votesScenarios } from '../scenarios/votes.ts';

describe('a scenario of votes', () => {
  let service: EmbeddedApp;
  let listening: EmbeddedApp;
  let conforms: ReturnType<typeof conformanceTo>;
  beforeAll(async () => {
    [service, listening] = [await embeddedApp(), await embeddedApp()];
    conforms = conformanceTo((await service.app.inject('/openapi.json')).json());
  });
  afterAll(async () => {
    await service.close();
    await listening.close();
  });

  it.each(votesScenarios.map((scenario) => [scenario.what, scenario] as const))(
    '%s, by inject',
    async (_, scenario) => {
      await play(scenario, injecting(service.app), conforms);
    },
  );

  it('is the same over a socket', async () => {
    const { port } = new URL(await listening.app.listen({ host: '127.0.0.1', port: 0 }));

    for (const scenario of votesScenarios) await play(scenario, overSocket(Number(port)), conforms);
  });
});
