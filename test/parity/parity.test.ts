import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventShapes } from '../helpers/lambda/http-events.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { type ServiceInHull, serviceByInject, serviceInContainer, serviceOnLambda } from './hulls.ts';
import { playAlike } from './play-alike.ts';
import { parityScenarios } from './scenarios.ts';
import { withKey } from './system-scenarios.ts';
import { withoutStore } from './without-store.ts';

await withServer('the hulls', startDynamoDbLocal, async ({ endpoint }) => {
  let hulls: readonly ServiceInHull[];
  let conforms: ReturnType<typeof conformanceTo>;

  beforeAll(async () => {
    hulls = await Promise.all([
      serviceInContainer(endpoint),
      serviceByInject(endpoint),
      ...eventShapes.map((shape) => serviceOnLambda(endpoint, shape)),
    ]);
    conforms = conformanceTo(JSON.parse((await (hulls[0] as ServiceInHull).send({ url: '/openapi.json' })).body));
    const colors = { pollId: 'colors', question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] };
    for (const { send } of hulls) expect((await send(withKey('POST', '/polls', colors))).status).toBe(201);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(hulls.map((hull) => hull.close()));
  });

  describe('every hull', () => {
    it.each(parityScenarios.map((scenario) => [scenario.what, scenario] as const))('%s', async (_, scenario) => {
      await playAlike(scenario, hulls, conforms);
    });

    it('has more than 60 scenarios to be tried by, each with a name of its own', () => {
      const names = parityScenarios.map(({ what }) => what);

      expect(names.length).toBeGreaterThan(60);
      expect(new Set(names).size).toBe(names.length);
    });
  });

  describe('every hull that has lost its store', () => {
    beforeAll(async () => {
      await Promise.all(hulls.map((hull) => hull.loseStore()));
    });

    it.each(withoutStore.map((scenario) => [scenario.what, scenario] as const))('%s', async (_, scenario) => {
      await playAlike(scenario, hulls, conforms);
    });
  });
});
