import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ContainerModule } from 'inversify';
import { Policies } from '../../src/domain/access/policies.ts';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { ports } from '../../src/entrypoints/composition/access/module.ts';
import { defineContext } from '../../src/entrypoints/composition/context.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import type { PoliciesInForce } from '../../src/ports/access.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

const policy = { subject: 'key:test', allow: ['GET /bearing', 'GET /strict'], deny: [], revision: 1, effectiveBy: 0 };
const policies = new Policies({ version: 1, policies: [policy] });

let current: PoliciesInForce['current'];
let last: Policies | undefined;
const inForce: PoliciesInForce = { current: () => current(), lastKnown: () => last, renew: () => undefined };

/** Two routes, of which one goes on with older policies. */
const probe = defineContext({
  name: 'probe',
  settings: {},
  module: () => new ContainerModule(() => undefined),
  routes: () => async (app) => {
    for (const bearsStalePolicies of [true, false])
      app.get(
        bearsStalePolicies ? '/bearing' : '/strict',
        { config: { key: true, bearsStalePolicies } },
        async ({ policiesStale }) => ({ policiesStale }),
      );
    app.get('/denied', { config: { key: true, bearsStalePolicies: true } }, async () => ({}));
  },
  problems: {},
  tables: () => [],
});

let service: EmbeddedApp;
beforeAll(async () => {
  service = await embeddedApp(
    {},
    {
      contexts: [...contexts, probe],
      prepare: (container) => void container.rebind(ports.inForce).toConstantValue(inForce),
    },
  );
});
afterAll(() => service.close());
beforeEach(() => {
  current = () => policies;
  last = policies;
});

const ask = async (url: string) => {
  const answer = await service.app.inject({ url, headers: authorization });
  return [answer.statusCode, answer.json().policiesStale];
};

it('are used by nobody while there are current ones', async () => {
  expect(await ask('/bearing')).toEqual([200, false]);
  expect(await ask('/strict')).toEqual([200, false]);
  expect(await ask('/denied')).toEqual([403, undefined]);
});

it.each<[string, PoliciesInForce['current']]>([
  ['fails', () => Promise.reject(storeUnavailable())],
  ['is silent', () => new Promise((_, reject) => setTimeout(reject, 2_500, storeUnavailable()))],
])('are used by routes that bear them while the store %s, which the request says', async (_, of) => {
  current = of;
  const begun = performance.now();
  expect(await ask('/bearing')).toEqual([200, true]);
  expect(await ask('/denied')).toEqual([403, undefined]);
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(await ask('/strict')).toEqual([503, undefined]);
});

it('are used by nobody once they are not known any more', async () => {
  current = () => Promise.reject(storeUnavailable());
  last = undefined;
  expect(await ask('/bearing')).toEqual([503, undefined]);
});
