import { afterAll, describe, expect, it } from '@jest/globals';
import { dynamoDbApp } from '../helpers/dynamodb-app.ts';
import { authorization } from '../helpers/embedded-app.ts';
import { injecting } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { signing, twilioSettings } from '../helpers/signing.ts';
import { play } from '../scenarios/play.ts';
import { votesScenarios } from '../scenarios/votes.ts';

await withServer('the service on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  const service = await dynamoDbApp(endpoint, { ...twilioSettings, SMS_DEFAULT_POLL: 'colors' });
  // By the clock of a test, which stands in the past, the store would forget text messages at once.
  service.clock.advance(Date.now() - service.clock.now());
  const send = signing(injecting(service.app));
  const conforms = conformanceTo((await service.app.inject('/openapi.json')).json());
  const colors = { pollId: 'colors', question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] };
  const created = await send({ method: 'POST', url: '/polls', headers: authorization, body: colors });
  afterAll(() => service.close());

  describe('a scenario of votes', () => {
    it('starts with the poll colors', () => {
      expect(created.status).toBe(201);
    });

    it.each(votesScenarios.map((scenario) => [scenario.what, scenario] as const))('%s', async (_, scenario) => {
      await play(scenario, send, conforms);
    });
  });
});
