import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { SweepPolls } from '../../src/domain/votes/sweep-polls.ts';
import { TakeSmsVote } from '../../src/domain/votes/take-sms-vote.ts';
import type { Counter } from '../../src/domain/votes/tally.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const DAY_MS = 86_400_000;

let service: EmbeddedApp;
beforeEach(async () => {
  service = await embeddedApp();
});
afterEach(() => service.close());

const get = (url: string, headers: Record<string, string> = {}) => service.app.inject({ url, headers });
const post = (url: string, payload?: object, headers: Record<string, string> = authorization) =>
  service.app.inject({ method: 'POST', url, payload, headers });
const given = async (fields: object = {}): Promise<string> =>
  (await post('/polls', { question: 'Which?', choices: ['RED', 'GREEN', 'BLUE'], ...fields })).json().pollId;
const at = (ms: number): string => new Date(service.clock.now() + ms).toISOString();
const auditOf = (votes: number, tally = votes) => ({
  ballots: votes,
  shards: votes,
  tally,
  drift: tally - votes,
  doubleVoters: 0,
  at: at(0),
});
const tallied = (pollId: string, votes: number) =>
  eventually(
    async () => (await get(`/polls/${pollId}/results`)).json(),
    ({ total }) => total === votes,
  );

describe('a new poll', () => {
  it('gets a ULID and the present time where it is not given an id', async () => {
    const answer = await post('/polls', { question: 'Which?', choices: ['A', 'B'] });

    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({
      pollId: expect.stringMatching(ULID),
      question: 'Which?',
      choices: ['A', 'B'],
      voterLimit: 'none',
      channels: ['sms', 'web'],
      hideUntilClose: false,
      status: 'open',
      createdAt: new Date(service.clock.now()).toISOString(),
    });
    expect(answer.headers.location).toBe(`/polls/${answer.json().pollId}`);
    expect((await get(`/polls/${answer.json().pollId}`)).json()).toEqual(answer.json());
  });

  it('opens and closes by the clock, to the millisecond', async () => {
    const pollId = await given({ opensAt: at(1_000), closesAt: at(3_000) });
    const vote = () => post(`/polls/${pollId}/votes`, { choice: 'RED' });
    const states: unknown[] = [];

    for (const ms of [999, 1, 1_999, 1]) {
      service.clock.advance(ms);
      states.push([(await get(`/polls/${pollId}`)).json().status, (await vote()).statusCode]);
    }

    expect(states).toEqual([
      ['scheduled', 409],
      ['open', 201],
      ['open', 201],
      ['closed', 409],
    ]);
  });

  it('may lie in the past as a whole', async () => {
    const pollId = await given({ opensAt: at(-2 * DAY_MS), closesAt: at(-DAY_MS) });

    expect((await get(`/polls/${pollId}`)).json().status).toBe('closed');
  });
});

describe('the list of polls', () => {
  const page = async (query: string): Promise<{ ids: string[]; nextCursor?: string }> => {
    const { polls, nextCursor } = (await get(`/polls${query}`)).json();
    return { ids: polls.map(({ pollId }: { pollId: string }) => pollId), nextCursor };
  };
  const manyPolls = async (count: number): Promise<string[]> => {
    const ids = ['colors'];
    for (let index = 0; index < count; index++) {
      service.clock.advance(index % 3);
      ids.unshift(await given({ pollId: `poll-${String(index).padStart(3, '0')}` }));
    }
    return ids;
  };

  it('shows all of them newest first, page by page', async () => {
    const ids = await manyPolls(44);

    for (const limit of [1, 7, 20, 44, 45, 100]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const { ids, nextCursor } = await page(`?limit=${limit}${cursor === undefined ? '' : `&cursor=${cursor}`}`);
        expect(ids.length).toBe(Math.min(limit, 45 - seen.length));
        seen.push(...ids);
        cursor = nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(ids);
    }
  });

  it('has 20 of them unless it is told otherwise', async () => {
    const ids = await manyPolls(20);

    const first = await page('');
    const second = await page(`?cursor=${first.nextCursor}`);

    expect(first.ids).toEqual(ids.slice(0, 20));
    expect(second).toEqual({ ids: ['colors'], nextCursor: undefined });
  });

  it('goes on where it was when newer polls come in between', async () => {
    const ids = await manyPolls(5);
    const { nextCursor } = await page('?limit=3');
    service.clock.advance(1);
    await given({ pollId: 'newer' });

    expect((await page(`?limit=3&cursor=${nextCursor}`)).ids).toEqual(ids.slice(3));
  });

  it('shows each poll as it is by itself', async () => {
    service.clock.advance(1);
    const pollId = await given({ opensAt: at(DAY_MS), smsNumber: '+15005550006' });

    expect((await get('/polls?limit=1')).json().polls).toEqual([(await get(`/polls/${pollId}`)).json()]);
  });
});

describe('a vote', () => {
  it('is answered with its identity and the time of its acceptance', async () => {
    const answer = await post('/polls/colors/votes', { choice: ' red ' }, {});

    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({
      voteId: expect.stringMatching(ULID),
      pollId: 'colors',
      choice: 'RED',
      acceptedAt: new Date(service.clock.now()).toISOString(),
    });
  });

  it('is answered again as the first time, byte for byte, later and after the close', async () => {
    const vote = () => post('/polls/colors/votes', { choice: 'RED' }, { 'idempotency-key': 'a' });
    const first = await vote();
    service.clock.advance(DAY_MS);
    const later = await vote();
    await post('/polls/colors/close');
    const afterClose = await vote();

    expect(first.headers['idempotent-replayed']).toBeUndefined();
    for (const repeat of [later, afterClose]) {
      expect(repeat.statusCode).toBe(201);
      expect(repeat.headers['idempotent-replayed']).toBe('true');
      expect(repeat.body).toBe(first.body);
    }
  });

  it('is counted once when copies of it arrive at once', async () => {
    const copies = await Promise.all(
      Array.from({ length: 50 }, () => post('/polls/colors/votes', { choice: 'RED', voteId: 'a' }, {})),
    );

    expect(new Set(copies.map(({ body }) => body)).size).toBe(1);
    expect(copies.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
    expect((await post('/polls/colors/close')).json().audit).toEqual(auditOf(1));
  });
});

describe('results', () => {
  it('have a revision that rises with every change, and tell when they were read and how late they are', async () => {
    const empty = (await get('/polls/colors/results')).json();
    await post('/polls/colors/votes', { choice: 'GREEN' });
    const first = await tallied('colors', 1);
    await post('/polls/colors/votes', { choice: 'GREEN' });
    service.clock.advance(5);
    const second = await tallied('colors', 2);

    expect(empty).toMatchObject({ revision: 0, total: 0, lagMs: 0 });
    expect(first.revision).toBeGreaterThan(empty.revision);
    expect(second.revision).toBeGreaterThan(first.revision);
    expect(second.asOf).toBe(new Date(service.clock.now()).toISOString());
    expect(second.lagMs).toBeGreaterThanOrEqual(0);
    expect(Object.keys(second).sort()).toEqual([
      'asOf',
      'ballots',
      'choices',
      'completeUpTo',
      'final',
      'lagMs',
      'pollId',
      'revision',
      'stale',
      'staleAfterSeconds',
      'status',
      'total',
    ]);
  });

  it('have shares that are rounded to four decimals', async () => {
    const pollId = await given({ choices: ['A', 'B', 'C', 'D', 'E', 'F', 'G'] });
    for (const choice of 'ABBCCCC') await post(`/polls/${pollId}/votes`, { choice });

    const { choices } = await tallied(pollId, 7);

    expect(choices.map(({ share }: { share: number }) => share)).toEqual([0.1429, 0.2857, 0.5714, 0, 0, 0, 0]);
  });

  it('are not sent again to those who have them, until the tally or the status changes', async () => {
    const url = '/polls/colors/results';
    const etags = new Set<string>();
    const unchanged = async (): Promise<string> => {
      const etag = (await get(url)).headers.etag as string;
      service.clock.advance(1_000);
      for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const answer = await get(url, { 'if-none-match': tag });
        expect([tag, answer.statusCode, answer.body, answer.headers.etag]).toEqual([tag, 304, '', etag]);
      }
      expect((await get(url, { 'if-none-match': '"x"' })).statusCode).toBe(200);
      for (const older of etags) expect((await get(url, { 'if-none-match': older })).statusCode).toBe(200);
      return etag;
    };

    etags.add(await unchanged());
    await post('/polls/colors/votes', { choice: 'RED' });
    await tallied('colors', 1);
    etags.add(await unchanged());
    await post('/polls/colors/close');
    etags.add(await unchanged());

    expect(etags.size).toBe(3);
  });

  it('betray nothing but the turnout while they are hidden, and that by their ETag too', async () => {
    const seenOf = async (pollId: string, choice: string) => {
      await given({ pollId, hideUntilClose: true });
      const before = await get(`/polls/${pollId}/results`);
      await post(`/polls/${pollId}/votes`, { choice });
      await eventually(
        () => service.container.get(ports.tallies).get(pollId),
        (tally) => tally?.revision === 1,
      );
      const after = await get(`/polls/${pollId}/results`);
      return { before, after };
    };
    const [red, blue] = [await seenOf('red', 'RED'), await seenOf('blue', 'BLUE')];

    expect(red.before.json()).toMatchObject({ hidden: true, ballots: 0, total: null, revision: null, lagMs: null });
    expect(red.after.json()).toMatchObject({ hidden: true, ballots: 1, total: null, revision: null, lagMs: null });
    expect(red.after.json().choices).toEqual(
      ['RED', 'GREEN', 'BLUE'].map((choice) => ({ choice, votes: null, share: null })),
    );
    expect(red.after.headers.etag).not.toBe(red.before.headers.etag);
    expect(red.after.headers.etag).toBe(blue.after.headers.etag);
    expect(red.after.body).toBe(blue.after.body.replace('"blue"', '"red"'));
    await post('/polls/red/close');
    expect((await get('/polls/red/results')).headers.etag).not.toBe(red.after.headers.etag);
  });

  it('are closed by the clock without anybody closing them, and hidden until all is counted', async () => {
    const pollId = await given({ closesAt: at(1_000), hideUntilClose: true });
    const open = await get(`/polls/${pollId}/results`);
    service.clock.advance(1_000);
    const closed = await get(`/polls/${pollId}/results`);
    await service.container.get(SweepPolls).execute();
    const final = await get(`/polls/${pollId}/results`);

    expect(open.json()).toMatchObject({ status: 'open', hidden: true, total: null, final: false });
    expect(closed.json()).toMatchObject({ status: 'closed', hidden: true, total: null, final: false });
    expect(final.json()).toMatchObject({ status: 'closed', total: 0, final: true });
    expect(final.json()).not.toHaveProperty('hidden');
    expect(new Set([open, closed, final].map(({ headers }) => headers.etag)).size).toBe(3);
  });
});

describe('a close', () => {
  it('audits what every store has, and shows the drift of a tally that is wrong', async () => {
    await Promise.all(Array.from({ length: 30 }, () => post('/polls/colors/votes', { choice: 'RED' })));
    await tallied('colors', 30);
    const tallies = service.container.get(ports.tallies);
    const tally = await tallies.get('colors');
    if (!tally) throw new Error('there is no tally');
    const raised = ({ votes: [red = 0], ballots, closed }: Counter) => ({
      votes: [red + 2],
      ballots: ballots + 2,
      closed,
    });
    const marks = new Map(
      [...tally.marks].map(([region, [first, ...others]]) => [region, [raised(first as Counter), ...others]]),
    );
    await tallies.put({ ...tally, marks, version: tally.version + 1, revision: tally.revision + 1 });

    const audited = (await post('/polls/colors/close')).json();
    const recounted = (await post('/polls/colors/recount')).json();
    const auditedAgain = (await post('/polls/colors/close')).json();

    expect(audited).toMatchObject({ status: 'closed', audit: auditOf(30, 32) });
    expect(recounted).toEqual({ before: 32, after: 30, drift: -2 });
    expect(auditedAgain.audit).toEqual(auditOf(30));
  });

  it.each(['closeShards', 'countBallots'] as const)(
    'stands even if %s does not end within 20 seconds',
    async (slow) => {
      const ledger = service.container.get(ports.ledger);
      const waiting = jest.spyOn(ledger, slow).mockReturnValue(new Promise<never>(() => undefined));
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
      try {
        const answering = post('/polls/colors/close');
        await answeredAfter(20_000, answering);
        const answer = await answering;

        expect(answer.statusCode).toBe(503);
        expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
        expect(answer.json()).toMatchObject({ code: 'VOTES_AUDIT_UNFINISHED', status: 503 });
      } finally {
        jest.useRealTimers();
        waiting.mockRestore();
      }
      expect((await get('/polls/colors')).json().status).toBe('closed');
      expect((await post('/polls/colors/close')).json().audit).toEqual(auditOf(0));
    },
  );
});

describe('a store that cannot answer', () => {
  const text = () =>
    service.app.inject({
      method: 'POST',
      url: '/webhooks/twilio/sms',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'MessageSid=SM1&From=%2B1&To=%2B2&Body=red',
    });

  it.each([
    ['POST', '/polls', { question: 'Which?', choices: ['A', 'B'] }, 'create'],
    ['GET', '/polls', undefined, 'list'],
    ['GET', '/polls/colors', undefined, 'get'],
    ['POST', '/polls/colors/votes', { choice: 'RED' }, 'get'],
    ['GET', '/polls/colors/results', undefined, 'get'],
    ['GET', '/polls/colors/results/events', undefined, 'get'],
    ['POST', '/polls/colors/close', undefined, 'close'],
    ['POST', '/polls/colors/recount', undefined, 'get'],
  ] as const)('makes %s %s a 503 with Retry-After and no detail', async (method, url, payload, port) => {
    const polls = service.container.get(ports.polls);
    jest.spyOn(polls, port).mockRejectedValue(storeUnavailable(new Error('dynamodb.eu-west-1 throttles'), 3));

    const answer = await service.app.inject({ method, url, payload, headers: authorization });

    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('3');
    expect(answer.json()).toMatchObject({ code: 'STORE_UNAVAILABLE', type: '/errors/STORE_UNAVAILABLE' });
    expect(answer.body).not.toContain('dynamodb');
  });

  it('makes a recount that always loses its race a 503', async () => {
    jest.spyOn(service.container.get(ports.tallies), 'put').mockResolvedValue(false);
    await post('/polls/colors/votes', { choice: 'RED' });

    const answer = await post('/polls/colors/recount');

    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('does not turn an SMS into a reply', async () => {
    jest.spyOn(service.container.get(TakeSmsVote), 'execute').mockRejectedValue(storeUnavailable());

    const answer = await text();

    expect(answer.statusCode).toBe(503);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  it('makes an SMS a 503 while Twilio still waits, and a repeat of it is told that its vote counts', async () => {
    const ledger = service.container.get(ports.ledger);
    const record = ledger.record.bind(ledger);
    const held = jest.spyOn(ledger, 'record').mockImplementation(async (...vote) => {
      await record(...vote);
      return new Promise<never>(() => undefined);
    });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
    try {
      const answering = text();
      await answeredAfter(12_000, answering);
      expect((await answering).statusCode).toBe(503);
    } finally {
      jest.useRealTimers();
      held.mockRestore();
    }

    expect((await text()).body).toContain('Your vote for RED is counted.');
    expect((await post('/polls/colors/close')).json().audit).toEqual(auditOf(1));
  });
});

/** Lets fake time pass, and makes sure that the answer did not come before. */
async function answeredAfter(ms: number, answering: Promise<unknown>): Promise<void> {
  let answered = false;
  const watching = answering.then(() => {
    answered = true;
  });
  const turns = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  };
  await turns();
  jest.advanceTimersByTime(ms - 1);
  await turns();
  expect(answered).toBe(false);
  jest.advanceTimersByTime(1);
  await watching;
}
