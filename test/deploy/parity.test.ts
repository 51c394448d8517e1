import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { startDynamoDbLocal, type TestServer } from '../helpers/servers/dynamodb-local.ts';
import { playAlike } from '../parity/play-alike.ts';
import { type ServiceInRuntime, serviceInContainer } from '../parity/runtimes.ts';
import { parityScenarios } from '../scenarios/parity/all.ts';
import { withKey } from '../scenarios/requests.ts';
import type { Runtime } from '../scenarios/scenario.ts';
import { Deployment } from './deployment.ts';
import { INSTALLATION_MS } from './python-environment.ts';

const RUNTIME: Runtime = 'deployed stack';

let deployment: Deployment;
let dynamoDb: TestServer;
let container: ServiceInRuntime;
let conforms: ReturnType<typeof conformanceTo>;
beforeAll(async () => {
  // The template's own would show in answers; a container has none.
  // Nor has it the polls of the first release, which are there but in no list.
  deployment = await Deployment.start({ Limits: 'texts=1000/60s*1000;by=sender' }, /"POLLS"/);
  dynamoDb = await startDynamoDbLocal();
  container = await serviceInContainer(dynamoDb.endpoint, { RATE_SOURCES: deployment.rateSources });
  conforms = conformanceTo(JSON.parse((await container.send({ url: '/openapi.json' })).body));
  const colors = { pollId: 'colors', question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'] };
  for (const { send } of [container, deployment])
    expect((await send(withKey('POST', '/polls', colors))).status).toBe(201);
}, INSTALLATION_MS);
afterAll(async () => {
  await container?.close();
  await dynamoDb?.stop();
  await deployment?.stop();
});

describe('the deployed stack answers as a container does: it', () => {
  const scenarios = parityScenarios.filter(({ except }) => !except?.runtimes.includes(RUNTIME));

  it.each(scenarios.map((scenario) => [scenario.what, scenario] as const))('%s', async (_, scenario) => {
    await playAlike(scenario, [container, { runtime: RUNTIME, send: deployment.send }], conforms);
  });
});
