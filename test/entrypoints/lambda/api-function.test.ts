import { afterAll, beforeAll, expect, it } from '@jest/globals';
import twilio from 'twilio/lib/webhooks/webhooks.js';
import { PACKAGE_FILES, packagePath } from '../../../src/entrypoints/http/dashboard-packages.ts';
import type { Send } from '../../helpers/http.ts';
import { httpService } from '../../helpers/http-service.ts';
import { FunctionProcess } from '../../helpers/lambda/function-process.ts';
import { eventShapes, httpApi, invoking } from '../../helpers/lambda/http-events.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import {
  clientOf,
  dynamoDbEnv,
  newPolicyTable,
  newTaskTables,
  newVoteTables,
} from '../../helpers/servers/dynamodb-tables.ts';
import { type FakeSecretsManager, startSecretsManager } from '../../helpers/servers/secrets-manager.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

const KEY = '0123456789abcdef';
const TOKEN = 'twilio-token';
const authorization = `Bearer ${KEY}`;

await withServer('the API function', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  const tables = {
    ...(await newVoteTables(client)),
    ...(await newTaskTables(client)),
    policies: await newPolicyTable(client),
  };
  let secretsManager: FakeSecretsManager;
  let api: FunctionProcess;

  beforeAll(async () => {
    secretsManager = await startSecretsManager({
      'arn:keys': JSON.stringify({ admin: KEY }),
      'arn:voter': 'a key for the voters',
      'arn:twilio': TOKEN,
    });
    api = await FunctionProcess.start('ApiFunction', 'api', {
      ...dynamoDbEnv(endpoint),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.endpoint,
      VOTES_TABLE: tables.votes,
      TALLIES_TABLE: tables.tallies,
      TASKS_TABLE: tables.tasks,
      QUEUES_TABLE: tables.queues,
      POLICIES_TABLE: tables.policies,
      API_KEYS_SECRET_ARN: 'arn:keys',
      VOTER_KEY_SECRET_ARN: 'arn:voter',
      TWILIO_AUTH_TOKEN_SECRET_ARN: 'arn:twilio',
      PUBLIC_BASE_URL: 'https://vote.example.com/live',
      METRICS_NAMESPACE: 'Portside/test',
    });
    const poll = { pollId: 'colors', question: 'Which colour?', choices: ['RED', 'GREEN'] };
    const created = await send({ method: 'POST', url: '/polls', headers: { authorization }, body: poll });
    expect(created.status).toBe(201);
  });
  afterAll(async () => {
    await secretsManager.stop();
    client.destroy();
  });

  const send: Send = (request) => invoking(api, httpApi)(request);
  const get = (url: string) => send({ url });

  it.each(eventShapes)('takes a text that Twilio signed for the public address, behind $name', async (shape) => {
    const form = { MessageSid: `SM ${shape.name}`, From: '+15005550001', To: '+15005550006', Body: 'green ü' };
    const url = '/webhooks/twilio/sms?a=b%20c&d=%C3%BC%2F';
    const signature = twilio.getExpectedTwilioSignature(TOKEN, `https://vote.example.com/live${url}`, form);
    const text = (headers: Record<string, string>) =>
      invoking(api, shape)({ method: 'POST', url, headers, body: new URLSearchParams(form) });

    expect(await text({ 'X-Twilio-Signature': signature })).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: expect.stringContaining('<Message>'),
    });
    expect((await text({ 'X-Twilio-Signature': 'forged' })).status).toBe(403);
  });

  it.each(eventShapes)(
    'finds routes and pages behind the path of the public address too, behind $name',
    async (shape) => {
      const statusOf = async (url: string) => (await invoking(api, shape)({ url })).status;

      for (const url of ['/polls/colors/results', '', '/', '/app.js', '/packages/lit-html/lit-html.js', '/docs'])
        expect({ url, status: await statusOf(`/live${url}`) }).toEqual({ url, status: 200 });
      expect(await statusOf('/lively/polls/colors')).toBe(404);
    },
  );

  it('serves the dashboard with its scripts, and the docs with theirs', async () => {
    const page = await get('/');
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    for (const [, script] of page.body.matchAll(/(?:src|href)="\/?([^":]+\.\w+)"/g))
      expect(await get(`/${script}`)).toMatchObject({ status: 200 });

    const modules = new Set(['/app.js']);
    for (const module of modules) {
      const { status, body } = await get(module);
      expect({ module, status }).toEqual({ module, status: 200 });
      for (const [, path = ''] of body.matchAll(/\bfrom\s*["'](\.[^"']+\.js)["']/g))
        modules.add(new URL(path, `https://portside${module}`).pathname);
    }
    for (const name of PACKAGE_FILES) expect(modules).toContain(packagePath(name));

    const docs = await get('/docs');
    expect(docs.body).toContain('swagger-ui');
    for (const [, script] of docs.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g))
      expect(await get(`/${script}`)).toMatchObject({ status: 200 });
  });

  it('measures what an alarm watches', async () => {
    await send({ method: 'POST', url: '/polls/colors/recount', headers: { authorization } });

    const figures = api.output.split('\n').filter((line) => line.includes('CloudWatchMetrics'));
    expect(JSON.parse(figures.at(-1) as string)).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: 'Portside/test', Metrics: [{ Name: 'TallyDrift', Unit: 'Count' }] }] },
      TallyDrift: expect.any(Number),
    });
  });

  it('ends no invocation over a request for rates that is under way', async () => {
    let answers = 0;
    const provider = await httpService((_, response) => {
      setTimeout(() => {
        answers++;
        response.end(
          JSON.stringify({ base: 'EUR', date: new Date().toISOString().slice(0, 10), rates: { USD: 1.0855 } }),
        );
      }, 200);
    });
    const ratesApi = await FunctionProcess.start('ApiFunction', 'api', {
      ...dynamoDbEnv(endpoint),
      API_KEYS: `test=${KEY}`,
      VOTER_KEY: 'a key for the voters',
      RATE_SOURCES: `frankfurter=${provider.url}`,
      RATES_TTL_SECONDS: '2',
    });
    const rates = () => invoking(ratesApi, httpApi)({ url: '/rates' });
    expect(await rates()).toMatchObject({ status: 200 });

    try {
      // Asked all the time, it asks again before the table's end, and answers from what it has.
      do {
        const { stale } = JSON.parse((await rates()).body);
        expect({ stale, answers }).toEqual({ stale: false, answers: provider.calls.length });
      } while (answers === 1);
    } finally {
      await provider.close();
    }
  });

  it('does not start without its secrets', async () => {
    const env = { ...dynamoDbEnv(endpoint), AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.endpoint };

    await expect(
      FunctionProcess.start('ApiFunction', 'api', { ...env, API_KEYS_SECRET_ARN: 'arn:none' }),
    ).rejects.toThrow('ResourceNotFoundException');
    await expect(FunctionProcess.start('ApiFunction', 'api', env)).rejects.toThrow('API_KEYS is needed');
  });
});
