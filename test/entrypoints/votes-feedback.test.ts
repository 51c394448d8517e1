import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { overriding } from '../helpers/overriding.ts';

const QUESTIONS = [
  { id: 'why', text: 'Why?' },
  { id: 'next', text: 'What should come next?' },
];
const VOTE_ID = 'mail-7-reader-4711-2b9c';

let service: EmbeddedApp;
let lines: string[];
beforeEach(async () => {
  lines = [];
  service = await embeddedApp({}, { log: { write: (line) => void lines.push(line) } });
});
afterEach(() => service.close());

const get = (url: string, headers: Record<string, string> = authorization) => service.app.inject({ url, headers });
const post = (url: string, payload?: object, headers: Record<string, string> = authorization) =>
  service.app.inject({ method: 'POST', url, payload, headers });
const given = (fields: object = {}) =>
  post('/polls', {
    pollId: 'mails',
    question: 'Did you like it?',
    choices: ['UP', 'DOWN'],
    questions: QUESTIONS,
    ...fields,
  });
const vote = (voteId = VOTE_ID, choice = 'UP') => post('/polls/mails/votes', { choice, voteId }, {});
const answer = (answers: object, voteId = VOTE_ID, headers: Record<string, string> = {}) =>
  service.app.inject({
    method: 'PUT',
    url: `/polls/mails/votes/${encodeURIComponent(voteId)}/answers`,
    headers,
    payload: { answers },
  });

describe('a poll that asks questions', () => {
  it('shows them', async () => {
    expect((await given()).json()).toMatchObject({ questions: QUESTIONS });
    expect((await get('/polls/mails', {})).json()).toMatchObject({ questions: QUESTIONS });
  });

  it('is like every other if it asks none', async () => {
    expect((await given({ questions: [] })).json()).not.toHaveProperty('questions');
    expect((await vote('short')).statusCode).toBe(201);
  });

  it.each([
    [[...QUESTIONS, { id: 'why', text: 'Again?' }], 'questions[2].id'],
    [[{ id: 'why', text: '\u200b ' }], 'questions[0].text'],
    [[{ id: 'w h y', text: 'Why?' }], 'questions[0].id'],
    [[{ id: 'why', text: 'x'.repeat(281) }], 'questions[0].text'],
    [[{ id: 'why' }], 'questions[0].text'],
    [[{ id: 'why', text: 'Why?', more: 1 }], 'questions[0].more'],
    [Array.from({ length: 11 }, (_, index) => ({ id: `q${index}`, text: 'Why?' })), 'questions'],
  ])('refuses questions that nobody could answer: %j', async (questions, path) => {
    const answer = await given({ questions });

    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it('takes no identity that can be guessed, and makes none', async () => {
    await given();

    const short = await vote('x'.repeat(19));
    expect([short.statusCode, short.json().errors[0].path]).toEqual([400, 'voteId']);
    expect((await post('/polls/mails/votes', { choice: 'UP' }, { 'idempotency-key': 'short' })).statusCode).toBe(400);
    expect((await vote('x'.repeat(20))).statusCode).toBe(201);
    const made = [];
    for (let votes = 0; votes < 3; votes++)
      made.push((await post('/polls/mails/votes', { choice: 'UP' }, {})).json().voteId as string);
    // Of ULIDs of one moment, all but the last characters are the same.
    expect(new Set(made.map((id) => id.slice(0, 12))).size).toBe(3);
    expect(made.every((id) => id.length >= 20)).toBe(true);
  });
});

describe('answers', () => {
  beforeEach(async () => {
    await given();
    await vote();
  });

  it('are merged question by question, and answered with what is there', async () => {
    const first = await answer({ why: 'Because.\nReally.' });
    expect([first.statusCode, first.json()]).toEqual([
      200,
      { voteId: VOTE_ID, pollId: 'mails', choice: 'UP', answers: { why: 'Because.\nReally.' }, revision: 1 },
    ]);
    expect((await answer({ next: 'More.' })).json()).toMatchObject({
      answers: { why: 'Because.\nReally.', next: 'More.' },
      revision: 2,
    });
    expect((await answer({ next: 'More.' })).json().revision).toBe(2);
    expect((await answer({ why: '' })).json()).toMatchObject({ answers: { next: 'More.' }, revision: 3 });
  });

  it('are changed with If-Match only while they are as the client saw them', async () => {
    const first = await answer({ why: 'One.' }, VOTE_ID, { 'if-none-match': '*' });
    expect([first.statusCode, first.headers.etag]).toEqual([200, '"1"']);
    expect((await answer({ why: 'Mine.' }, VOTE_ID, { 'if-none-match': '*' })).json().code).toBe('PRECONDITION_FAILED');
    expect((await answer({ why: 'Two.' }, VOTE_ID, { 'if-match': '"1"' })).headers.etag).toBe('"2"');

    const late = await answer({ why: 'Mine.' }, VOTE_ID, { 'if-match': '"1"' });
    expect([late.statusCode, late.json().code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await answer({ why: 'Mine.' }, VOTE_ID, { 'if-match': 'two' })).json().errors[0].path).toBe('if-match');
    expect((await answer({ why: 'Two.' })).json()).toMatchObject({ answers: { why: 'Two.' }, revision: 2 });
  });

  it('have no ETag, and meet no If-Match, while nothing was said', async () => {
    const nothing = await answer({ why: '' });
    expect([nothing.json().revision, nothing.headers.etag]).toEqual([0, undefined]);
    expect((await answer({ why: 'One.' }, VOTE_ID, { 'if-match': '*' })).statusCode).toBe(412);
    expect((await answer({ why: 'One.' }, 'another-reader-9999-abc', { 'if-match': '*' })).statusCode).toBe(404);
  });

  it('are changed by one of many that saw the same', async () => {
    await answer({ why: 'One.' });
    const sent = await Promise.all(
      [1, 2, 3, 4].map((tab) => answer({ why: `Tab ${tab}.` }, VOTE_ID, { 'if-match': '"1"' })),
    );

    expect(sent.map(({ statusCode }) => statusCode).sort()).toEqual([200, 412, 412, 412]);
  });

  it('make no vote, whoever sends them', async () => {
    const refused = await answer({ why: 'Because.' }, 'another-reader-9999-abc');

    expect([refused.statusCode, refused.json().code]).toEqual([404, 'VOTES_BALLOT_NOT_FOUND']);
    expect((await get('/polls/mails/answers')).json()).toEqual({ answers: [] });
  });

  it('are refused for what is not asked, and for text that cannot be shown', async () => {
    for (const [answers, path] of [
      [{ nope: 'x' }, 'answers.nope'],
      [{ constructor: 'x' }, 'answers.constructor'],
      [{ why: 'x'.repeat(1_001) }, 'answers.why'],
      [{ why: 'bell \u0007' }, 'answers.why'],
      [{ why: 5 }, 'answers.why'],
      [{}, 'answers'],
    ] as const) {
      const refused = await answer(answers);
      expect([refused.statusCode, refused.json().errors?.[0].path]).toEqual([400, path]);
    }
    expect((await answer({ why: '🌍'.repeat(1_000) })).statusCode).toBe(200);
  });

  it('are refused once the poll is closed', async () => {
    await post('/polls/mails/close');

    const refused = await answer({ why: 'Because.' });
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'VOTES_POLL_CLOSED']);
  });

  it('are refused in a poll that is not there, and in one that asks nothing', async () => {
    expect(
      (
        await service.app.inject({
          method: 'PUT',
          url: `/polls/no/votes/${VOTE_ID}/answers`,
          payload: { answers: { why: 'x' } },
        })
      ).json().code,
    ).toBe('VOTES_POLL_NOT_FOUND');
    await post('/polls/colors/votes', { choice: 'RED', voteId: VOTE_ID }, {});
    expect(
      (
        await service.app.inject({
          method: 'PUT',
          url: `/polls/colors/votes/${VOTE_ID}/answers`,
          payload: { answers: { why: 'x' } },
        })
      ).statusCode,
    ).toBe(400);
  });

  it('find a vote whose identity has any characters, and refuse what is none', async () => {
    const odd = '~a/b %2F?#"; 0123456789';
    await vote(odd, 'DOWN');
    const put = (segment: string) =>
      service.app.inject({
        method: 'PUT',
        url: `/polls/mails/votes/${segment}/answers`,
        payload: { answers: { why: 'x' } },
      });

    const asBase64 = await put(`~${Buffer.from(odd).toString('base64url')}`);
    expect([asBase64.statusCode, asBase64.json()]).toEqual([
      200,
      expect.objectContaining({ voteId: odd, choice: 'DOWN' }),
    ]);
    for (const segment of ['~', '~!', encodeURIComponent(odd), 'x'.repeat(129), encodeURIComponent('é')])
      expect((await put(segment)).statusCode).toBe(400);
  });

  it('leave the identity of a vote in no line of the log', async () => {
    await answer({ why: 'Because.' });

    expect(lines.some((line) => line.includes('/polls/:pollId/votes/:voteId/answers'))).toBe(true);
    expect(lines.join('')).not.toContain(VOTE_ID);
  });

  it('are for key holders to read, in pages that hold neither identities nor voters', async () => {
    for (let reader = 0; reader < 25; reader++) {
      await vote(`mail-8-reader-${1000 + reader}-abc`, 'DOWN');
      await answer({ why: `Reader ${reader}.` }, `mail-8-reader-${1000 + reader}-abc`);
    }

    expect((await get('/polls/mails/answers', {})).statusCode).toBe(401);
    const first = (await get('/polls/mails/answers')).json();
    const second = (await get(`/polls/mails/answers?cursor=${first.nextCursor}`)).json();
    expect([first.answers.length, second.answers.length, second.nextCursor]).toEqual([20, 5, undefined]);
    expect(first.answers[0]).toEqual({
      ballot: expect.stringMatching(/^b[\w-]{43}$/),
      choice: 'DOWN',
      answers: { why: expect.stringMatching(/^Reader \d+\.$/) },
      revision: 1,
    });
    const whys = [...first.answers, ...second.answers].map(({ answers }) => answers.why);
    expect(new Set(whys).size).toBe(25);
  });

  it('come as a table in which no cell is a formula', async () => {
    await answer({ next: '=HYPERLINK("http://evil.example","x")', why: 'Two\nlines, "quoted"' });

    const table = await get('/polls/mails/answers', { ...authorization, accept: 'text/csv' });
    expect(table.headers).toMatchObject({ 'content-type': 'text/csv; charset=utf-8', 'cache-control': 'no-store' });
    const [{ ballot }] = (await get('/polls/mails/answers')).json().answers;
    expect(table.body).toBe(
      `ballot,choice,revision,why,next\r\n${ballot},UP,1,"Two\nlines, ""quoted""","'=HYPERLINK(""http://evil.example"",""x"")"\r\n`,
    );
  });

  it('name ballots alike in lists and in the table, whatever their pseudonyms begin with', async () => {
    // One pseudonym in 64 begins with a hyphen.
    const isHyphened = (voteId: string) =>
      service.container.get(ports.pseudonyms).ballot('mails', 'web', voteId).startsWith('-');
    const odd = Array.from({ length: 2_000 }, (_, reader) => `mail-8-reader-${100_000 + reader}`).find(isHyphened);
    await vote(odd);
    await answer({ why: 'Because.' }, odd);

    const [{ ballot }] = (await get('/polls/mails/answers')).json().answers;
    const { body } = await get('/polls/mails/answers', { ...authorization, accept: 'text/csv' });
    expect(body.split('\r\n')[1]).toBe(`${ballot},UP,1,Because.,`);
    expect(ballot).toMatch(/^b-/);
  });

  it('come as a table with a head alone where nobody said anything', async () => {
    expect((await get('/polls/mails/answers', { ...authorization, accept: 'text/csv' })).body).toBe(
      'ballot,choice,revision,why,next\r\n',
    );
  });
});

it('a store that cannot be reached refuses the table before any of it is sent', async () => {
  const away = await embeddedApp(
    {},
    {
      prepare: (container) => {
        const answers = container.get(ports.answers);
        container
          .rebind(ports.answers)
          .toConstantValue(overriding(answers, { list: () => Promise.reject(storeUnavailable()) }));
      },
    },
  );
  const table = await away.app.inject({
    url: '/polls/colors/answers',
    headers: { ...authorization, accept: 'text/csv' },
  });
  await away.close();

  expect([table.statusCode, table.json().code]).toEqual([503, 'STORE_UNAVAILABLE']);
});
