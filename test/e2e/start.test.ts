import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';

const WARN = 40;
const POLL = JSON.stringify({ question: 'Tea or coffee?', choices: ['TEA', 'COFFEE'] });
const json = { 'content-type': 'application/json' };

describe('an embedded start', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await ServerProcess.start();
  });

  const createPoll = async (key: string): Promise<number> =>
    (await fetch(`${server.url}/polls`, { method: 'POST', headers: { ...json, 'x-api-key': key }, body: POLL })).status;

  it('prints the key that it made exactly once, and the key works', async () => {
    const key = String(server.logs.find(({ apiKey }) => apiKey !== undefined)?.apiKey);

    expect(key).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(await createPoll(key)).toBe(201);
    expect(await createPoll(`${key}x`)).toBe(401);
    expect(server.stdout.split(key)).toHaveLength(2);
  });

  it('prints the key also where the log is kept to what is wrong', async () => {
    const quiet = await ServerProcess.spawn({ LOG_LEVEL: 'error' });
    const [first] = await eventually(
      () => quiet.logs,
      (logs) => logs.length > 0,
    );
    await quiet.stop();

    expect(first?.apiKey).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(quiet.logs).toHaveLength(1);
  });

  it('says in one line where it listens, and prints nothing but JSON', async () => {
    expect(server.logs.filter(({ msg }) => msg.includes('listening'))).toHaveLength(1);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(server.noise).toBe('');
  });

  it('warns that the SMS webhook is open', () => {
    const warnings = server.logs.filter(({ level }) => level === WARN).map(({ msg }) => msg);
    expect(warnings).toContainEqual(expect.stringMatching(/TWILIO_AUTH_TOKEN.*webhook is open/));
  });
});

describe('a start with keys and token', () => {
  const secrets = {
    apiKey: 'api-key-0f8b1c2d3e4f5061728394a5b6c7',
    wrongKey: 'wrong-key-77aa88bb99cc',
    twilioToken: 'twilio-token-5d6e7f8091a2',
    voterKey: 'voter-key-b3c4d5e6f7081920',
    phone: '+14155550123',
    smsNumber: '+14155550199',
    voter: 'voter-ada-lovelace',
  };
  const PUBLIC_BASE_URL = 'https://votes.example.org/sms-gateway';
  let server: ServerProcess;

  const sendSms = (from: string, body: string, token: string) => {
    const form = { MessageSid: `SM-${from}-${body}`, From: from, To: secrets.smsNumber, Body: body };
    return fetch(`${server.url}/webhooks/twilio/sms`, {
      method: 'POST',
      headers: {
        'x-twilio-signature': getExpectedTwilioSignature(token, `${PUBLIC_BASE_URL}/webhooks/twilio/sms`, form),
      },
      body: new URLSearchParams(form),
    });
  };
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(server.url + path, { method: 'POST', headers: { ...json, ...headers }, body });
  /** Sends bytes as they are. @returns the bytes that come back */
  const sendRaw = (bytes: string): Promise<string> => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    return text(socket);
  };

  beforeAll(async () => {
    server = await ServerProcess.start({
      LOG_LEVEL: 'trace',
      API_KEYS: `admin=${secrets.apiKey}`,
      VOTER_KEY: secrets.voterKey,
      TWILIO_AUTH_TOKEN: secrets.twilioToken,
      PUBLIC_BASE_URL,
      RATE_SOURCES: 'frankfurter=http://127.0.0.1:9',
    });
  });

  it('warns of nothing and makes no key', () => {
    expect(server.logs.every(({ level }) => level < WARN)).toBe(true);
    expect(server.stdout).not.toContain('apiKey');
  });

  it('keeps secrets, phone numbers and voters out of the log at its most talkative', async () => {
    const bearer = { authorization: `Bearer ${secrets.apiKey}` };
    const numbered = JSON.stringify({ ...JSON.parse(POLL), pollId: 'tea', smsNumber: secrets.smsNumber });
    const vote = JSON.stringify({ choice: 'tea', voter: secrets.voter });
    expect((await post('/polls', numbered, bearer)).status).toBe(201);
    expect((await post('/polls', numbered, bearer)).status).toBe(409);
    expect((await post('/polls', POLL, { authorization: `Bearer ${secrets.wrongKey}` })).status).toBe(401);
    expect((await post('/polls', POLL, { 'x-api-key': secrets.wrongKey })).status).toBe(401);
    expect((await post('/polls/tea/votes', vote)).status).toBe(201);
    expect((await post('/polls/tea/votes', `${vote}}`)).status).toBe(400);
    expect((await post('/polls/tea/votes', vote.replace('tea', secrets.voter))).status).toBe(422);
    expect((await post('/polls/tea/votes', `{"${secrets.voter}":1}`)).status).toBe(400);
    expect((await post('/polls/tea/votes', vote.padEnd(70_000))).status).toBe(413);
    expect((await sendSms(secrets.phone, 'tea', secrets.twilioToken)).status).toBe(200);
    expect((await sendSms(secrets.phone, 'neither', secrets.twilioToken)).status).toBe(200);
    expect((await sendSms(secrets.phone, 'tea', secrets.wrongKey)).status).toBe(403);
    expect((await fetch(`${server.url}/polls?voter=${secrets.voter}`)).status).toBe(400);
    const head = `POST /polls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secrets.apiKey}\r\n`;
    expect(await sendRaw(`${head}Content-Length: many\r\n\r\n${vote}`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await sendRaw(`${head}X-Filler: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect((await post('/polls/tea/close', '', bearer)).status).toBe(200);
    expect(await server.stop()).toEqual({ code: 0, signal: null });

    // That the log is as talkative as it should be: the use of a key shows, by its name.
    expect(server.logs).toContainEqual(expect.objectContaining({ msg: 'request completed', subject: 'key:admin' }));
    const printed = server.stdout + server.stderr;
    const leaks = Object.entries(secrets).flatMap(([name, secret]) =>
      formsOf(secret)
        .filter((form) => printed.includes(form))
        .map((form) => `${name} as ${form}`),
    );
    expect(leaks).toEqual([]);
  });
});

/** How a text may look in a log: as it is, encoded for a URL, and as the bytes of a logged buffer. */
const formsOf = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).join(','),
  Buffer.from(secret).toString('hex'),
];
