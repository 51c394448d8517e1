import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PolicyOutdated } from '../../src/domain/limits/errors.ts';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { ports } from '../../src/entrypoints/composition/limits/tokens.ts';
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

describe('a limit whose counts cannot be read', () => {
  it.each(['PUT', 'DELETE'] as const)('stays as it is by a %s that is answered 503', async (method) => {
    const service = await embeddedApp();
    const { app, container } = service;
    const policies = container.get(ports.policies);
    const payload = { rate: { requests: 1, perSeconds: 1, burst: 1 } };
    const send = (fields: object) => app.inject({ url: '/limits/p', headers: authorization, ...fields });
    await send({ method: 'PUT', payload });
    const before = await policies.get('p');
    container.get(ports.counts).read = () => Promise.reject(storeUnavailable());
    const changed = { rate: { ...payload.rate, burst: 2 } };
    const refusal = await send(method === 'PUT' ? { method, payload: changed } : { method });

    expect([refusal.statusCode, refusal.json().code]).toEqual([503, 'STORE_UNAVAILABLE']);
    expect(await policies.get('p')).toEqual(before);
    await service.close();
  });
});

describe('a take by a policy that is never new enough', () => {
  it('is 503, whatever the store says', async () => {
    const service = await embeddedApp();
    const { app, container } = service;
    const payload = { rate: { requests: 1, perSeconds: 1, burst: 1 }, onStoreFailure: 'open' };
    await app.inject({ method: 'PUT', url: '/limits/p', headers: authorization, payload });
    container.get(ports.limits).take = () => Promise.reject(new PolicyOutdated(Number.MAX_SAFE_INTEGER));
    const take = { method: 'POST' as const, url: '/limits/p/takes', headers: authorization, payload: { key: 'k' } };
    const refusal = await app.inject(take);

    expect([refusal.statusCode, refusal.json().code]).toEqual([503, 'STORE_UNAVAILABLE']);
    expect(refusal.body).not.toContain('OUTDATED');
    await service.close();
  });
});
