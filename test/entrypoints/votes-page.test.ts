import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { overriding } from '../helpers/overriding.ts';

const VOTE_ID = 'mail-7-reader-4711-2b9c';
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const OURS = { 'sec-fetch-site': 'same-origin' };

let service: EmbeddedApp;
let lines: string[];
beforeEach(async () => {
  lines = [];
  service = await embeddedApp(
    { PUBLIC_BASE_URL: 'https://vote.example.org/app', TWILIO_AUTH_TOKEN: 'token-0123456789' },
    { log: { write: (line) => void lines.push(line) } },
  );
});
afterEach(() => service.close());

const given = (fields: object = {}) =>
  service.app.inject({
    method: 'POST',
    url: '/polls',
    headers: authorization,
    payload: {
      pollId: 'mails',
      question: 'Did you <like> "it" & us?',
      choices: ['UP', 'DOWN & OUT'],
      questions: [{ id: 'why', text: 'Why <so>?' }],
      ...fields,
    },
  });
const page = (query = '', headers: Record<string, string> = BROWSER, pollId = 'mails') =>
  service.app.inject({ url: `/vote/${pollId}${query}`, headers });
const submit = (fields: Record<string, string>, headers: Record<string, string> = OURS, pollId = 'mails') =>
  service.app.inject({
    method: 'POST',
    url: `/vote/${pollId}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  });
const ballots = (votes: number, pollId = 'mails') =>
  eventually(
    async () => (await service.app.inject(`/polls/${pollId}/results`)).json().total,
    (total) => total === votes,
  );
/** What a page says of a refusal. */
const alertIn = (body: string): string | undefined => /role="alert">([^<]*)</.exec(body)?.[1];
const hiddenId = (body: string) => /name="v" value="([^"]+)"/.exec(body)?.[1] as string;

describe('the page on which people vote', () => {
  it('has a button for each choice, and shows every text as it is', async () => {
    await given();
    const { statusCode, headers, body } = await page();

    expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers).toMatchObject({ 'cache-control': 'private, no-cache', 'referrer-policy': 'no-referrer' });
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(body).toContain('<h1 dir="auto">Did you &lt;like&gt; &quot;it&quot; &amp; us?</h1>');
    expect([...body.matchAll(/<button name="choice" value="([^"]*)"/g)].map(([, value]) => value)).toEqual([
      'UP',
      'DOWN &amp; OUT',
    ]);
    expect(body).toContain('action="/app/vote/mails"');
  });

  it('names its address to its own site alone, and not even there where the browser needs none to say whose a form is', async () => {
    await given();
    const policy = async (headers: Record<string, string>) =>
      (await page('', { ...BROWSER, ...headers })).headers['referrer-policy'];

    expect(await policy({ host: 'vote.example.org', 'sec-fetch-site': 'none' })).toBe('no-referrer');
    expect(await policy({ host: '127.0.0.1:8080' })).toBe('no-referrer');
    expect(await policy({ host: '192.168.1.7:8080' })).toBe('same-origin');
    expect(await policy({ host: '127.0.0.1.evil.example' })).toBe('same-origin');
  });

  it('gives everybody who opens it an identity that nobody guesses', async () => {
    await given();
    const ids = await Promise.all([1, 2, 3].map(async () => hiddenId((await page()).body)));

    expect(new Set(ids.map((id) => id.slice(0, 10))).size).toBe(3);
    expect(ids.every((id) => id.length >= 20)).toBe(true);
  });

  it('marks the choice of the link, keeps its identity, and ignores what it does not know', async () => {
    await given();
    const { body } = await page(`?choice=down+%26+out&v=${VOTE_ID}&utm_source=mail`);

    expect(body).toContain('class="marked" name="choice" value="DOWN &amp; OUT"');
    expect(hiddenId(body)).toBe(VOTE_ID);
    expect((await page('?choice=nothing')).body).not.toContain('class="marked"');
    expect((await page('?choice=%3Cscript%3E')).body).not.toContain('<script');
  });

  it('never votes when it is opened, however often and by whom', async () => {
    await given();
    for (const method of ['GET', 'HEAD', 'GET'] as const)
      await service.app.inject({ method, url: `/vote/mails?choice=UP&v=${VOTE_ID}`, headers: BROWSER });
    await submit({ choice: 'DOWN & OUT', v: 'somebody-else-0123456789' });

    await ballots(1);
    expect((await page(`?choice=UP&v=${VOTE_ID}`)).body).not.toContain('is counted');
  });

  it('votes once by its form, however often it is sent, and leads back to the page', async () => {
    await given();
    const first = await submit({ choice: 'UP', v: VOTE_ID });
    expect([first.statusCode, first.headers.location]).toEqual([303, `/app/vote/mails?v=${VOTE_ID}`]);
    expect((await submit({ choice: 'UP', v: VOTE_ID })).statusCode).toBe(303);

    await ballots(1);
    const { body } = await page(`?v=${VOTE_ID}`);
    expect(body).toContain('Your vote for <strong dir="auto">UP</strong> is counted.');
    expect(body).toContain('Why &lt;so&gt;?');
    expect(body).not.toContain('name="choice"');
  });

  it('takes answers by its second form, and shows them again', async () => {
    await given();
    await submit({ choice: 'UP', v: VOTE_ID });
    const sent = await submit({ v: VOTE_ID, 'answers.why': 'One\r\n</textarea><b>two' });
    expect([sent.statusCode, sent.headers.location]).toEqual([303, `/app/vote/mails?v=${VOTE_ID}`]);

    const { body } = await page(`?v=${VOTE_ID}`);
    expect(body).toContain('\nOne\n&lt;/textarea&gt;&lt;b&gt;two</textarea>');
    expect(body).toContain('Your answers are kept.');
    const { answers } = (await service.app.inject({ url: '/polls/mails/answers', headers: authorization })).json();
    expect(answers).toMatchObject([{ choice: 'UP', answers: { why: 'One\n</textarea><b>two' }, revision: 1 }]);
  });

  it('takes both in one form', async () => {
    await given();
    expect((await submit({ choice: 'UP', v: VOTE_ID, 'answers.why': 'Both.' })).statusCode).toBe(303);
    expect((await page(`?v=${VOTE_ID}`)).body).toContain('Both.');
  });

  it.each<[string, Record<string, string>]>([
    ['nobody says whose it is', {}],
    ['another site sends it', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another host of the site sends it', { origin: 'https://other.example.org', 'sec-fetch-site': 'same-site' }],
    ['a frame without an origin sends it', { origin: 'null' }],
  ])('takes no form where %s', async (_, headers) => {
    await given();
    const refused = await submit({ choice: 'UP', v: VOTE_ID }, headers);

    expect([refused.statusCode, refused.json().code]).toEqual([403, 'FORBIDDEN']);
    expect((await page(`?v=${VOTE_ID}`)).body).not.toContain('is counted');
  });

  it.each<[string, Record<string, string>]>([
    ['the browser says that it is ours', { 'sec-fetch-site': 'same-origin', origin: 'null' }],
    ['its origin is the host that was asked', { origin: 'http://localhost:80', host: 'localhost' }],
    ['its origin is the public address', { origin: 'https://vote.example.org' }],
  ])('takes a form where %s', async (_, headers) => {
    await given();
    expect((await submit({ choice: 'UP', v: VOTE_ID }, headers)).statusCode).toBe(303);
  });

  it('asks for the voter where each has one vote, and says why another does not count', async () => {
    await given({ voterLimit: 'one' });
    expect((await page()).body).toContain('name="voter"');
    expect((await submit({ choice: 'UP', v: VOTE_ID, voter: 'ada' })).statusCode).toBe(303);

    const again = await submit({ choice: 'UP', v: 'another-try-0123456789', voter: 'ADA' }, { ...OURS, ...BROWSER });
    expect([again.statusCode, again.headers['content-type']]).toEqual([409, 'text/html; charset=utf-8']);
    expect(alertIn(again.body)).toMatch(/^Your vote is not counted: under this name somebody has voted already/);
    expect(again.body).toContain('name="choice"');
    const missing = await submit({ choice: 'UP', v: 'another-try-0123456789' }, { ...OURS, ...BROWSER });
    expect([missing.statusCode, alertIn(missing.body)]).toEqual([
      400,
      'Your vote is not counted yet. Write your name or address in up to 256 characters, then choose.',
    ]);
  });

  it('tells who presses another button of a link that its first vote counts', async () => {
    await given();
    await submit({ choice: 'UP', v: VOTE_ID });
    const again = await submit({ choice: 'DOWN & OUT', v: VOTE_ID }, { ...OURS, ...BROWSER });

    expect([again.statusCode, alertIn(again.body)]).toEqual([422, undefined]);
    expect(again.body).toContain('role="status">You have voted already: your vote for <strong dir="auto">UP</strong>');
    expect(again.body).toContain('<textarea');
    await ballots(1);
  });

  it.each<[string, Record<string, string>, object, number]>([
    ['a choice that is none', { choice: 'SIDEWAYS' }, {}, 422],
    ['answers without a vote', { 'answers.why': 'x' }, {}, 404],
    ['an answer that is too long', { 'answers.why': 'x'.repeat(1_001) }, {}, 400],
    ['what the form does not have', { choice: 'UP', admin: 'true' }, {}, 400],
    ['an empty voter', { choice: 'UP', voter: ' ' }, { voterLimit: 'one' }, 400],
    ['a short identity', { choice: 'UP', v: 'short' }, {}, 400],
    ['a vote by text alone', { choice: 'UP' }, { channels: ['sms'] }, 403],
    ['a vote that is early', { choice: 'UP' }, { opensAt: '2099-01-01T00:00:00.000Z' }, 409],
  ])('says of %s what to do, in words of its own', async (_, fields, poll, status) => {
    await given(poll);
    const refused = await submit({ v: VOTE_ID, ...fields }, { ...OURS, ...BROWSER });

    expect([refused.statusCode, refused.headers['content-type']]).toEqual([status, 'text/html; charset=utf-8']);
    expect(alertIn(refused.body)).toMatch(/^[A-Z][^"“_`]+\.$/);
    expect(alertIn(refused.body)).not.toMatch(/voteId|Idempotency|characters or more|poll mails/);
    expect(refused.body.replace(/<input type="hidden"[^>]*>/g, '')).not.toContain(VOTE_ID);
  });

  it('keeps in the form what was written and refused', async () => {
    await given();
    await submit({ choice: 'UP', v: VOTE_ID });
    const refused = await submit({ v: VOTE_ID, 'answers.why': `${'x'.repeat(1_000)} <end>` }, { ...OURS, ...BROWSER });

    expect(refused.body).toContain('x &lt;end&gt;</textarea>');
    expect(refused.body).not.toContain('are kept.');
  });

  it.each([
    ['characters that are none', '?v=r%C3%A9ader-4711-2b9c61d0b7'],
    ['nothing', '?v='],
    ['more than fits', `?v=${'x'.repeat(129)}`],
    ['what anybody could guess', '?v=reader-4711'],
    ['two identities', `?v=${VOTE_ID}&v=${VOTE_ID}`],
  ])('is no form for a link with %s, which would vote anew whenever it is opened', async (_, query) => {
    await given();
    const refused = await page(query);

    expect([refused.statusCode, refused.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8']);
    expect(alertIn(refused.body)).toMatch(/^This link is not complete\. Open it once more/);
    expect(refused.body).not.toContain('<form');
    expect((await page(query, {})).json().errors[0].path).toBe('v');
  });

  it('lets what the store had no time for be sent once more with one press', async () => {
    let isAway = true;
    const store = await embeddedApp(
      {},
      {
        prepare: (container) => {
          const ledger = container.get(ports.ledger);
          const record: typeof ledger.record = (...args) =>
            isAway ? Promise.reject(storeUnavailable()) : ledger.record(...args);
          container.rebind(ports.ledger).toConstantValue(overriding(ledger, { record }));
        },
      },
    );
    const send = (payload: string) =>
      store.app.inject({
        method: 'POST',
        url: '/vote/colors',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...OURS, ...BROWSER },
        payload,
      });
    const refused = await send(new URLSearchParams({ choice: 'RED', v: VOTE_ID, voter: '"Ada" <a@b>' }).toString());
    isAway = false;
    const fields = [...refused.body.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)];
    const again = await send(
      new URLSearchParams(Object.fromEntries(fields.map(([, name, value]) => [name, value]))).toString(),
    );
    await store.close();

    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(alertIn(refused.body)).toMatch(/^Your vote may not be counted yet/);
    expect(fields.map(([, name]) => name)).toEqual(['choice', 'v', 'voter']);
    expect(refused.body).toContain('value="&quot;Ada&quot; &lt;a@b&gt;"');
    expect(again.statusCode).toBe(303);
  });

  it('refuses programs as every other route does', async () => {
    await given();
    const refused = await submit({ choice: 'SIDEWAYS', v: VOTE_ID });
    expect([refused.statusCode, refused.headers['content-type'], refused.json().code]).toEqual([
      422,
      'application/problem+json',
      'VOTES_UNKNOWN_CHOICE',
    ]);
    expect((await submit({ choice: 'UP', v: VOTE_ID, admin: 'true' })).json().errors[0].path).toBe('admin');
    expect((await submit({ v: VOTE_ID, 'answers.why': 'x' })).json().code).toBe('VOTES_BALLOT_NOT_FOUND');
    expect((await page('', {}, 'nope')).json().code).toBe('VOTES_POLL_NOT_FOUND');
  });

  it('is a page with 404 where there is no poll', async () => {
    const missing = await page('', BROWSER, 'nope');
    expect([missing.statusCode, missing.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  });

  it('tells who knows a short identity no more than that it is counted', async () => {
    await given({ questions: [] });
    await submit({ choice: 'UP', v: 'short' });
    const { body } = await page('?v=short');

    expect(body).toContain('<p class="note good" role="status">A vote from this link is counted.</p>');
    expect(body).not.toMatch(/Your vote for|<form|role="alert"/);
    const again = await submit({ choice: 'DOWN & OUT', v: 'short' }, { ...OURS, ...BROWSER });
    expect(again.body).toContain('role="status">A vote from this link is counted already, and the first one counts.');
    expect(again.body).not.toMatch(/UP|<form|role="alert"/);
  });

  it('is shown in frames of listed origins alone', async () => {
    const framing = ({ headers }: { headers: Record<string, unknown> }) => [
      /frame-ancestors [^;]*/.exec(String(headers['content-security-policy']))?.[0],
      headers['x-frame-options'],
    ];
    await given();
    expect(framing(await page())).toEqual(["frame-ancestors 'none'", 'DENY']);

    const embedded = await embeddedApp({ EMBED_ORIGINS: 'https://www.example.org,http://localhost:3000' });
    const get = (url: string) => embedded.app.inject({ url, headers: BROWSER });
    const [shown, refused, dashboard] = await Promise.all([
      get('/vote/colors'),
      get('/vote/nope'),
      get('/openapi.json'),
    ]);
    await embedded.close();
    expect([shown, refused].map(framing)).toEqual(
      [shown, refused].map(() => ['frame-ancestors https://www.example.org http://localhost:3000', undefined]),
    );
    expect(framing(dashboard)).toEqual(["frame-ancestors 'none'", 'DENY']);
  });

  it('has no buttons before the poll opens, after it closes, and where votes come by text alone', async () => {
    await given({ opensAt: new Date(service.clock.now() + 60_000).toISOString() });
    expect((await page()).body).toContain('This poll opens at <time datetime="');
    service.clock.advance(60_000);
    await submit({ choice: 'UP', v: VOTE_ID, 'answers.why': 'x' });
    await service.app.inject({ method: 'POST', url: '/polls/mails/close', headers: authorization });
    expect((await page()).body).toContain('This poll is closed');
    expect((await page(`?v=${VOTE_ID}`)).body).not.toContain('<textarea');
    await given({ pollId: 'texts', channels: ['sms'] });
    expect((await page('', BROWSER, 'texts')).body).toContain('by text message alone');
  });

  it('leaves the identity of a vote in no line of the log', async () => {
    await given();
    await submit({ choice: 'UP', v: VOTE_ID });
    await page(`?v=${VOTE_ID}`);

    expect(lines.filter((line) => line.includes('/vote/mails')).length).toBeGreaterThan(1);
    expect(lines.join('')).not.toContain(VOTE_ID);
  });
});
