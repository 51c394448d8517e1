import { afterEach, describe, expect, it } from '@jest/globals';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { refusalOf, type SmsRequest, type TwilioSettings } from '../../src/entrypoints/http/votes/twilio-signature.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { overSocket } from '../helpers/raw-http.ts';

const PATH = '/webhooks/twilio/sms';
const fields = { MessageSid: 'SM1', From: '+15005550001', To: '+15005550006', Body: 'red & ¡olé! 🙂' };

let service: EmbeddedApp | undefined;
let port: number;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

interface Delivery {
  /** Path and query as they reach the service. */
  readonly path?: string;
  readonly body?: string;
  readonly signature?: string;
  readonly headers?: Record<string, string>;
}

const started = async (env: Record<string, string>): Promise<EmbeddedApp> => {
  service = await embeddedApp(env);
  port = Number(new URL(await service.app.listen({ host: '127.0.0.1', port: 0 })).port);
  return service;
};
/** Over a socket, since `inject` rewrites some characters of a query. */
const deliver = async (delivery: Delivery): Promise<number> => {
  const { path = PATH, body = new URLSearchParams(fields).toString(), signature, headers = {} } = delivery;
  const answer = await overSocket(port)({
    method: 'POST',
    url: path,
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(signature === undefined ? {} : { 'x-twilio-signature': signature }),
      ...headers,
    },
  });
  return answer.status;
};
const votes = async (): Promise<number> =>
  (await service?.app.inject({ method: 'POST', url: '/polls/colors/close', headers: authorization }))?.json().audit
    .ballots;
const signed = (url: string, params: Record<string, unknown> = fields, token = 'token'): string =>
  getExpectedTwilioSignature(token, url, params);

describe('the signature of an SMS', () => {
  const base = { TWILIO_AUTH_TOKEN: 'token', PUBLIC_BASE_URL: 'https://vote.example.org' };
  const url = `https://vote.example.org${PATH}`;

  it('must be there and right', async () => {
    await started(base);
    const right = signed(url);

    expect(await deliver({ signature: right })).toBe(200);
    expect(await deliver({})).toBe(403);
    expect(await deliver({ signature: '' })).toBe(403);
    expect(await deliver({ signature: right.slice(0, -1) })).toBe(403);
    expect(await deliver({ signature: `${right}, ${right}` })).toBe(403);
    expect(await deliver({ signature: right.toLowerCase() })).toBe(403);
    expect(await deliver({ signature: signed(url, fields, 'other') })).toBe(403);
    expect(await deliver({ signature: signed(url, { ...fields, Body: 'blue' }) })).toBe(403);
    expect(await deliver({ signature: signed(`https://other.example.org${PATH}`) })).toBe(403);
    expect(await deliver({ signature: signed(`http://vote.example.org${PATH}`) })).toBe(403);
    expect(await votes()).toBe(0);
  });

  it('lets a vote count', async () => {
    await started(base);
    const red = { ...fields, Body: 'red' };

    expect(await deliver({ body: new URLSearchParams(red).toString(), signature: signed(url, red) })).toBe(200);
    expect(await votes()).toBe(1);
  });

  it('does not depend on what the proxy shows', async () => {
    await started(base);

    const headers = { host: '10.0.0.1:8080', 'x-forwarded-host': 'evil.example.org', 'x-forwarded-proto': 'http' };
    expect(await deliver({ signature: signed(url), headers })).toBe(200);
    const signature = signed(`http://10.0.0.1:8080${PATH}`);
    expect(await deliver({ signature, headers })).toBe(403);
  });

  it('may be of either token while they are rotated', async () => {
    await started({ ...base, TWILIO_AUTH_TOKEN: 'old, new' });

    expect(await deliver({ signature: signed(url, fields, 'old') })).toBe(200);
    expect(await deliver({ signature: signed(url, fields, 'new') })).toBe(200);
    expect(await deliver({ signature: signed(url, fields, 'token') })).toBe(403);
    expect(await deliver({ signature: signed(url, fields, 'old, new') })).toBe(403);
  });

  it.each([
    ['with a closing slash', 'https://vote.example.org/', url],
    ['with a path', 'https://example.org/api/v1', `https://example.org/api/v1${PATH}`],
    ['with a path and a closing slash', 'https://example.org/api/v1/', `https://example.org/api/v1${PATH}`],
    ['with a port', 'https://example.org:8443', `https://example.org:8443${PATH}`],
    ['with the default port, which Twilio may sign', 'https://example.org:443', `https://example.org:443${PATH}`],
    ['without the port that Twilio signs', 'https://example.org', `https://example.org:443${PATH}`],
    ['over plain http', 'http://example.org', `http://example.org${PATH}`],
  ])('is of a public address %s', async (_, publicBaseUrl, address) => {
    await started({ ...base, PUBLIC_BASE_URL: publicBaseUrl });

    expect(await deliver({ signature: signed(address) })).toBe(200);
    expect(await deliver({ signature: signed(`${address}x`) })).toBe(403);
  });

  const CALLED = ['https://Vote.Example.org', 'https://fallback.example.net:8443/Sms', 'http://10.1.2.3/a/b'];

  it.each(CALLED)('may be of any public address, spelled as Twilio is told it: %s', async (base) => {
    await started({ TWILIO_AUTH_TOKEN: 'token', PUBLIC_BASE_URL: `${CALLED.join('/ , ')}` });

    expect(await deliver({ signature: signed(base + PATH) })).toBe(200);
    expect(await deliver({ signature: signed(`${base}${PATH}?a=1`), path: `${PATH}?a=1` })).toBe(200);
    expect(await deliver({ signature: signed(`${base}x${PATH}`) })).toBe(403);
  });

  it.each([
    ['HTTPS://VOTE.example.ORG', 'HTTPS://VOTE.example.ORG'],
    ['HTTPS://VOTE.example.ORG', 'https://vote.example.org'],
    ['https://vote.example.org/Api/V1', 'https://vote.example.org/Api/V1'],
    ["https://vote.example.org/it's", "https://vote.example.org/it's"],
    ['https://wähl.example.org', 'https://wähl.example.org'],
    ['https://wähl.example.org', 'https://xn--whl-qla.example.org'],
    ['https://user:pass@vote.example.org', 'https://user:pass@vote.example.org'],
    ['https://user:pass@vote.example.org', 'https://vote.example.org'],
  ])('with PUBLIC_BASE_URL=%s is taken for %s', async (publicBaseUrl, base) => {
    await started({ TWILIO_AUTH_TOKEN: 'token', PUBLIC_BASE_URL: publicBaseUrl });

    expect(await deliver({ signature: signed(base + PATH) })).toBe(200);
  });

  it.each([PATH, `${PATH}/`])(
    'may be of an address with a closing slash, when the request comes to %s',
    async (path) => {
      await started(base);

      for (const query of ['', '?', '?a=1/', '?a=b?/'])
        for (const address of [url, `${url}/`])
          expect(await deliver({ path: path + query, signature: signed(address + query) })).toBe(200);
      expect(await deliver({ path, signature: signed(`${url}//`) })).toBe(403);
      expect(await deliver({ path: `${PATH}//`, signature: signed(`${url}//`) })).toBe(404);
    },
  );

  it.each(['?foo=1&bar=2', '?b=2&a=1&a=0', "?q=it's%20%C3%A9&x", '?__proto__=1', '?%zz', '?'])(
    'covers the query %s',
    async (query) => {
      await started(base);

      expect(await deliver({ path: PATH + query, signature: signed(url + query) })).toBe(200);
      expect(await deliver({ path: PATH + query, signature: signed(`${url + query}&more=1`) })).toBe(403);
    },
  );

  it('covers parameters that the service does not know, whatever they are called', async () => {
    await started(base);
    const unknown = { ...fields, NumMedia: '0', SomethingNew: 'ä', toString: '1', ' ': ' ', '': 'x' };
    const body = `${new URLSearchParams(unknown)}&__proto__=p`;
    const withProto = JSON.parse(`{"__proto__":"p",${JSON.stringify(unknown).slice(1)}`);

    expect(await deliver({ body, signature: signed(url, withProto) })).toBe(200);
    expect(await deliver({ body, signature: signed(url, unknown) })).toBe(403);
  });

  it('covers parameters that are repeated', async () => {
    await started(base);
    const body = `${new URLSearchParams(fields)}&Tag=b&Tag=a&Tag=b`;

    expect(await deliver({ body, signature: signed(url, { ...fields, Tag: ['b', 'a', 'b'] }) })).toBe(200);
    expect(await deliver({ body, signature: signed(url, { ...fields, Tag: 'b' }) })).toBe(403);
  });

  it('comes before the fields, and after the form of the body', async () => {
    await started(base);
    const { MessageSid: _, ...without } = fields;
    const body = new URLSearchParams(without).toString();

    expect(await deliver({ body })).toBe(403);
    expect(await deliver({ body, signature: signed(url, without) })).toBe(400);
    expect(await deliver({ body: 'Body=%zz' })).toBe(400);
    expect(await deliver({ body: '', signature: signed(url, {}) })).toBe(400);
  });
});

describe('the check of a signature', () => {
  const publicBaseUrls = ['https://mycompany.com'];
  const call = { CallSid: 'CA1234567890ABCDE', Digits: '1234', To: '+18005551212' };
  const settings = { authTokens: ['12345'], publicBaseUrls, openWithoutToken: false };
  const isTaken = async (settings: TwilioSettings, request: Omit<SmsRequest, 'headers'> & { signature: string }) =>
    !(await refusalOf(settings, { ...request, headers: { 'x-twilio-signature': request.signature } }));
  const from = (number: string) => ({ ...call, Caller: number, From: number });

  it.each([
    ['https://example.com', '+14158675310', 'L/OH5YylLD5NRKLltdqwSvS0BnU='],
    ['https://mycompany.com', '+12349013030', '0/KCTR6DLpKmkAf8muzZqo1nDgQ='],
    ['https://mycompany.com', '+14158675309', 'RSOYDt4T1cUTdK1PDd93/VVr8B8='],
  ])('knows a signature that Twilio published for %s', async (base, number, signature) => {
    const request = { url: '/myapp.php?foo=1&bar=2', signature, form: from(number) };

    expect(await isTaken({ ...settings, publicBaseUrls: [base] }, request)).toBe(true);
    expect(await isTaken({ ...settings, publicBaseUrls: [base] }, { ...request, form: from('+1') })).toBe(false);
    expect(await isTaken({ ...settings, authTokens: ['54321'] }, request)).toBe(false);
  });

  it('refuses everything with a token and no public address, embedded or not', async () => {
    const request = { url: '/', signature: signed('https://mycompany.com/', {}, '12345'), form: {} };

    expect(await isTaken({ ...settings, publicBaseUrls: [], openWithoutToken: true }, request)).toBe(false);
  });

  it('refuses a target that makes no address', async () => {
    const request = { url: 'http://x/', signature: 'x', form: {} };

    expect(await isTaken({ ...settings, publicBaseUrls: ['https://mycompany.com:8443'] }, request)).toBe(false);
  });
});

describe('the webhook without a token', () => {
  const loopback = ['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.0.0.1:1', '127.9.8.7:8080', '[::1]', '[::1]:8080'];
  const others = [
    'vote.example.org',
    'localhost.example.org',
    'my-localhost',
    '127.0.0.1.example.org',
    '128.0.0.1',
    '0.0.0.0:8080',
    '10.0.0.1',
    '[::2]',
    '127.0.0.1@example.org',
    'example.org:127',
    ' ',
  ];

  it.each(loopback)('takes texts that this machine sends to %s', async (host) => {
    await started({});

    expect(await deliver({ headers: { host } })).toBe(200);
  });

  it.each(others)('refuses texts to the host %s', async (host) => {
    await started({});

    expect(await deliver({ headers: { host } })).toBe(403);
    expect(await votes()).toBe(0);
  });

  it.each([
    ['origin', 'https://evil.example.org'],
    ['Origin', 'null'],
    ['origin', 'http://localhost:8080'],
    ['forwarded', 'for=192.0.2.1'],
    ['x-forwarded-for', '192.0.2.1'],
    ['X-Forwarded-Proto', 'https'],
    ['x-forwarded-host', 'localhost'],
    ['x-forwarded-', ''],
  ])('refuses texts that a page or a proxy sends, by their %s: %s', async (name, value) => {
    await started({});

    expect(await deliver({ headers: { [name]: value } })).toBe(403);
    expect(await votes()).toBe(0);
  });

  it.each<Record<string, string>>([
    { HOST: '0.0.0.0' },
    { HOST: '::' },
    { HOST: '192.0.2.1' },
    { HOST: 'vote.example.org' },
    { HOST: '127.example.org' },
    { PUBLIC_BASE_URL: 'https://vote.example.org' },
    { PUBLIC_BASE_URL: 'http://127.0.0.1' },
  ])('refuses every text where others can reach it: %j', async (env) => {
    await started(env);

    expect(await deliver({})).toBe(403);
    expect(await deliver({ signature: signed(`https://vote.example.org${PATH}`) })).toBe(403);
  });

  it.each(['127.0.0.1', 'localhost', '::1', '127.1.2.3'])('takes texts when it listens on %s alone', async (HOST) => {
    await started({ HOST });

    expect(await deliver({})).toBe(200);
  });

  it('refuses texts with a store that others share', async () => {
    const refusal = refusalOf(
      { authTokens: [], publicBaseUrls: [], openWithoutToken: false },
      { url: PATH, headers: { host: 'localhost' }, form: fields },
    );

    expect(await refusal).toMatchObject({ reason: expect.stringContaining('TWILIO_AUTH_TOKEN') });
  });
});

describe('a refused text', () => {
  const lines: string[] = [];
  const warnings = () => lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 40);
  const startedWithLog = async (env: Record<string, string>) => {
    lines.length = 0;
    service = await embeddedApp(env, { log: { write: (line) => void lines.push(line) } });
    port = Number(new URL(await service.app.listen({ host: '127.0.0.1', port: 0 })).port);
  };

  it('is a warning with the addresses that were checked, and with nothing that is secret', async () => {
    const secrets = { TWILIO_AUTH_TOKEN: 'token-1,token-2', query: 'query-secret', password: 'pass-word' };
    const PUBLIC_BASE_URL = `https://One.example.org,https://user:${secrets.password}@two.example.org/sms`;
    await startedWithLog({ TWILIO_AUTH_TOKEN: secrets.TWILIO_AUTH_TOKEN, PUBLIC_BASE_URL });

    expect(await deliver({ path: `${PATH}?key=${secrets.query}` })).toBe(403);
    expect(await deliver({ signature: 'wrong-signature' })).toBe(403);
    expect(
      await deliver({ signature: signed('https://elsewhere.example.org/'), path: '/sms/webhooks/twilio/sms' }),
    ).toBe(403);

    expect(warnings()).toMatchObject([
      {
        signature: 'missing',
        checked: expect.arrayContaining([
          `https://One.example.org${PATH}?...`,
          `https://One.example.org${PATH}/?...`,
          `https://***@two.example.org/sms${PATH}?...`,
        ]),
      },
      { signature: 'wrong', checked: expect.arrayContaining([`https://One.example.org${PATH}`]) },
      { signature: 'wrong', checked: expect.arrayContaining([`https://***@two.example.org/sms${PATH}`]) },
    ]);
    expect(warnings()[0].requestId).toEqual(expect.any(String));
    expect(lines.join('')).not.toMatch(/token-1|token-2|query-secret|pass-word|wrong-signature|\+?1500555000|olé/);
  });

  it('without a token says that there is none', async () => {
    await startedWithLog({ HOST: '0.0.0.0' });

    expect(await deliver({})).toBe(403);

    expect(warnings()).toMatchObject([{ reason: 'TWILIO_AUTH_TOKEN is not set', signature: 'missing' }]);
  });
});

describe('the reply to an SMS', () => {
  const text = (xml: string): string =>
    (/<Message>(.*)<\/Message>/su.exec(xml)?.[1] ?? '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');

  it('carries every choice that a poll may have', async () => {
    const { app } = await started({});
    const strange = ['<![CDATA[]]>', '"&apos;', '\u2028', '\u202e', '𝄞', '�', '\ud7ff\ue000', 'e\u0301', '-->'];
    const choices = strange.map((choice, index) => `${index} ${choice}`);
    const poll = { question: 'Which?', choices, smsNumber: '+15005550301' };
    expect(
      (await app.inject({ method: 'POST', url: '/polls', headers: authorization, payload: poll })).statusCode,
    ).toBe(201);

    for (const [index, choice] of choices.entries()) {
      const sms = { MessageSid: `SM${index}`, From: '+15005550001', To: '+15005550301', Body: choice };
      const answer = await app.inject({
        method: 'POST',
        url: PATH,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams(sms).toString(),
      });
      expect(text(answer.body)).toBe(`Thank you! Your vote for ${choice} is counted.`);
    }
  });
});
