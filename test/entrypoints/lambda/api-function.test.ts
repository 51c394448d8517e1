import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import twilio from 'twilio/lib/webhooks/webhooks.js';
import { FunctionProcess } from '../../helpers/lambda/function-process.ts';
import {
  type Answer,
  type ClientRequest,
  type EventShape,
  eventShapes,
  httpApi,
} from '../../helpers/lambda/http-events.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, dynamoDbEnv, newTaskTables, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { type FakeSecretsManager, startSecretsManager } from '../../helpers/servers/secrets-manager.ts';
import { withServer } from '../../helpers/servers/with-server.ts';

const KEY = '0123456789abcdef';
const TOKEN = 'twilio-token';
const authorization = `Bearer ${KEY}`;
const JSON_TYPE = { 'Content-Type': 'application/json' };

await withServer('the API function', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  const tables = { ...(await newVoteTables(client)), ...(await newTaskTables(client)) };
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
      API_KEYS_SECRET_ARN: 'arn:keys',
      VOTER_KEY_SECRET_ARN: 'arn:voter',
      TWILIO_AUTH_TOKEN_SECRET_ARN: 'arn:twilio',
      PUBLIC_BASE_URL: 'https://vote.example.com/live',
      METRICS_NAMESPACE: 'Portside/test',
    });
    const poll = { pollId: 'colors', question: 'Which colour?', choices: ['RED', 'GREEN'] };
    const created = await ask(httpApi, {
      method: 'POST',
      url: '/polls',
      headers: { ...JSON_TYPE, authorization },
      body: JSON.stringify(poll),
    });
    expect(created.status).toBe(201);
  });
  afterAll(async () => {
    await secretsManager.stop();
    client.destroy();
  });

  const ask = async (shape: EventShape, request: ClientRequest): Promise<Answer> =>
    shape.answer(await api.invoke(shape.event(request)));
  const get = (url: string, headers = {}): Promise<Answer> => ask(httpApi, { method: 'GET', url, headers });

  describe.each(eventShapes)('behind $name', (shape) => {
    const get = (url: string, headers = {}): Promise<Answer> => ask(shape, { method: 'GET', url, headers });

    it('answers as the container does', async () => {
      const { status, headers, body } = await get('/polls/colors/results', { 'x-request-id': 'mine' });

      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'x-request-id': 'mine',
        etag: expect.stringMatching(/^"/),
      });
      expect(JSON.parse(body)).toMatchObject({ pollId: 'colors', choices: [{ choice: 'RED' }, { choice: 'GREEN' }] });
    });

    it('counts a vote once, however often it is sent', async () => {
      const vote = () =>
        ask(shape, {
          method: 'POST',
          url: '/polls/colors/votes',
          headers: { ...JSON_TYPE, 'Idempotency-Key': `by ${shape.name}` },
          body: '{"choice":"red"}',
        });

      const first = await vote();
      const second = await vote();
      expect(first.status).toBe(201);
      expect(second.body).toBe(first.body);
      expect(second.headers).toHaveProperty('idempotent-replayed', 'true');
    });

    it('takes a text that Twilio signed for the public address', async () => {
      const form = { MessageSid: `SM ${shape.name}`, From: '+15005550001', To: '+15005550006', Body: 'green ü' };
      const url = '/webhooks/twilio/sms?a=b%20c&d=%C3%BC%2F';
      const signature = twilio.getExpectedTwilioSignature(TOKEN, `https://vote.example.com/live${url}`, form);
      const text = (headers: Record<string, string>) =>
        ask(shape, {
          method: 'POST',
          url,
          headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
          body: new URLSearchParams(form).toString(),
        });

      expect(await text({ 'X-Twilio-Signature': signature })).toMatchObject({
        status: 200,
        headers: { 'content-type': 'text/xml' },
        body: expect.stringContaining('<Message>'),
      });
      expect((await text({ 'X-Twilio-Signature': 'forged' })).status).toBe(403);
    });

    it('cannot be followed', async () => {
      const { status, body } = await get('/polls/colors/results/events');

      expect(status).toBe(501);
      expect(JSON.parse(body)).toMatchObject({ code: 'NOT_IMPLEMENTED' });
    });

    it('has no figures for Prometheus', async () => {
      expect((await get('/metrics')).status).toBe(404);
    });

    it('refuses a parameter that comes twice', async () => {
      expect((await get('/polls?limit=1&limit=2')).status).toBe(400);
    });

    it('tells that it can reach its store', async () => {
      expect(await get('/readyz')).toMatchObject({ status: 200, body: '{"status":"ok","checks":{"store":"ok"}}' });
    });
  });

  it('serves the dashboard with its scripts, and the docs with theirs', async () => {
    const page = await get('/');
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    for (const [, script] of page.body.matchAll(/(?:src|href)="\/?([^":]+\.\w+)"/g))
      expect(await get(`/${script}`)).toMatchObject({ status: 200 });

    const docs = await get('/docs');
    expect(docs.body).toContain('swagger-ui');
    for (const [, script] of docs.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g))
      expect(await get(`/${script}`)).toMatchObject({ status: 200 });
  });

  it('publishes the OpenAPI document', async () => {
    const { body } = await get('/openapi.json');

    expect(JSON.parse(body)).toMatchObject({ openapi: '3.1.0', paths: { '/polls/{pollId}/votes': {} } });
  });

  it('knows no other file', async () => {
    for (const path of ['/nothing.html', '/docs/static/nothing.js', '/docs/static/..%2Fpackage.json', '/api.mjs'])
      expect(await get(path)).toMatchObject({ status: 404, body: expect.stringContaining('"NOT_FOUND"') });
  });

  it('sends pictures unharmed', async () => {
    const icon = await api.invoke<{ body: string; isBase64Encoded: boolean }>(
      httpApi.event({ method: 'GET', url: '/docs/static/favicon-32x32.png' }),
    );

    expect(icon.isBase64Encoded).toBe(true);
    expect(Buffer.from(icon.body, 'base64').subarray(1, 4).toString()).toBe('PNG');
  });

  it('measures what an alarm watches', async () => {
    await ask(httpApi, { method: 'POST', url: '/polls/colors/recount', headers: { authorization } });

    const figures = api.output.split('\n').filter((line) => line.includes('CloudWatchMetrics'));
    expect(JSON.parse(figures.at(-1) as string)).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: 'Portside/test', Metrics: [{ Name: 'TallyDrift', Unit: 'Count' }] }] },
      TallyDrift: expect.any(Number),
    });
  });

  it('does not start without its secrets', async () => {
    const env = { ...dynamoDbEnv(endpoint), AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.endpoint };

    await expect(
      FunctionProcess.start('ApiFunction', 'api', { ...env, API_KEYS_SECRET_ARN: 'arn:none' }),
    ).rejects.toThrow('ResourceNotFoundException');
    await expect(FunctionProcess.start('ApiFunction', 'api', env)).rejects.toThrow('API_KEYS is needed');
  });
});
