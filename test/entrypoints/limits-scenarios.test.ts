import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { injecting } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { limitsParityScenarios } from '../scenarios/parity/limits.ts';
import { play } from '../scenarios/play.ts';

describe('a scenario of limits', () => {
  let service: EmbeddedApp;
  let conforms: ReturnType<typeof conformanceTo>;
  beforeAll(async () => {
    service = await embeddedApp();
    conforms = conformanceTo((await service.app.inject('/openapi.json')).json());
  });
  afterAll(() => service.close());

  it.each(limitsParityScenarios.map((scenario) => [scenario.what, scenario] as const))('%s', async (_, scenario) => {
    await play(scenario, injecting(service.app), conforms);
  });

  it('changes a limit only while it is what the request names', async () => {
    const put = (headers: Record<string, string>) =>
      service.app.inject({
        method: 'PUT',
        url: '/limits/named',
        headers: { ...authorization, ...headers },
        payload: { rate: { requests: 1, perSeconds: 1, burst: 1 } },
      });
    const first = await put({ 'if-none-match': '*' });
    const { headers } = await put({ 'if-match': String(first.headers.etag) });

    expect(headers.etag).not.toBe(first.headers.etag);
    expect((await put({ 'if-match': String(first.headers.etag) })).statusCode).toBe(412);
  });
});
