import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventShapes } from '../helpers/lambda/http-events.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { parityScenarios } from '../scenarios/parity/all.ts';
import { withoutStore } from '../scenarios/parity/without-store.ts';
import { withKey } from '../scenarios/requests.ts';
import { playAlike } from './play-alike.ts';
import { type ServiceInRuntime, serviceByInject, serviceInContainer, serviceOnLambda } from './runtimes.ts';

await withServer('the runtimes', startDynamoDbLocal, async ({ endpoint }) => {
  let runtimes: readonly ServiceInRuntime[];
  let conforms: ReturnType<typeof conformanceTo>;

  beforeAll(async () => {
    runtimes = await Promise.all([
      serviceInContainer(endpoint),
      serviceByInject(endpoint),
      ...eventShapes.map((shape) => serviceOnLambda(endpoint, shape)),
    ]);
    conforms = conformanceTo(JSON.parse((await (runtimes[0] as ServiceInRuntime).send({ url: '/openapi.json' })).body));
    const colors = { pollId: 'colors', question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] };
    for (const { send } of runtimes) expect((await send(withKey('POST', '/polls', colors))).status).toBe(201);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(runtimes.map((runtime) => runtime.close()));
  });

  describe('every runtime', () => {
    it.each(parityScenarios.map((scenario) => [scenario.what, scenario] as const))('%s', async (_, scenario) => {
      await playAlike(scenario, runtimes, conforms);
    });

    it('has more than 60 scenarios to be tried by, each with a name of its own', () => {
      const names = parityScenarios.map(({ what }) => what);

      expect(names.length).toBeGreaterThan(60);
      expect(new Set(names).size).toBe(names.length);
    });
  });

  describe('every runtime that has lost its store', () => {
    beforeAll(async () => {
      await Promise.all(runtimes.map((runtime) => runtime.loseStore()));
    });

    it.each(withoutStore.map((scenario) => [scenario.what, scenario] as const))('%s', async (_, scenario) => {
      await playAlike(scenario, runtimes, conforms);
    });
  });
});
