import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { FoldShards } from '../../src/domain/votes/fold-shards.ts';
import { SweepPolls } from '../../src/domain/votes/sweep-polls.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { prefersCsv } from '../../src/entrypoints/http/votes/results-csv.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { SseClient } from '../helpers/sse-client.ts';
import { shardImage } from '../helpers/votes.ts';

let service: EmbeddedApp;
beforeEach(async () => {
  service = await embeddedApp();
});
afterEach(() => service.close());

const URL = '/polls/colors/results';
const at = (ms: number): string => new Date(service.clock.now() + ms).toISOString();
const get = (url = URL, headers: Record<string, string> = {}) => service.app.inject({ url, headers });
const post = (url: string, payload?: object) =>
  service.app.inject({ method: 'POST', url, payload, headers: authorization });
const given = (fields: object) => post('/polls', { question: 'Which?', choices: ['RED', 'GREEN', 'BLUE'], ...fields });
const vote = (choice = 'RED', pollId = 'colors') => post(`/polls/${pollId}/votes`, { choice });
const tallied = (ballots: number, url = URL) =>
  eventually(
    async () => (await get(url)).json(),
    (shown) => shown.ballots === ballots,
  );
/** The shards cannot be read, though polls and tallies can. */
const withoutShards = () =>
  jest.spyOn(service.container.get(ports.ledger), 'readShards').mockRejectedValue(storeUnavailable());

describe('how far results are complete', () => {
  it('is checked every ten seconds at most, and not more often', async () => {
    const created = at(0);
    const reads = jest.spyOn(service.container.get(ports.ledger), 'readShards');
    const shown: [completeUpTo: string, reads: number][] = [];
    const look = async (ms: number) => {
      service.clock.advance(ms);
      shown.push([(await get()).json().completeUpTo, reads.mock.calls.length]);
    };
    for (const ms of [0, 9_999, 1, 9_999, 1]) await look(ms);

    expect(shown).toEqual([
      [created, 0],
      [created, 0],
      [at(-10_000), 1],
      [at(-10_000), 1],
      [at(0), 2],
    ]);
  });

  it('ages while nobody can check it, until they are stale, and a store that works again makes up for it', async () => {
    const failing = withoutShards();
    const shown: unknown[] = [];
    for (const ms of [0, 15_000, 1, 60_000]) {
      service.clock.advance(ms);
      const { status, stale, staleAfterSeconds } = (await get()).json();
      shown.push([status, stale, staleAfterSeconds]);
    }
    failing.mockRestore();
    service.clock.advance(5_000);
    const mended = (await get()).json();

    expect(shown).toEqual([
      ['open', false, 15],
      ['open', false, 15],
      ['open', true, 15],
      ['open', true, 15],
    ]);
    expect(mended).toMatchObject({ stale: false, completeUpTo: at(0) });
  });

  it('may be longer ago in polls of many counters, each of which is one read, as the poll is', async () => {
    await service.close();
    service = await embeddedApp({ VOTE_SHARDS: '200' });
    withoutShards();
    const shown: unknown[] = [];
    for (const ms of [0, 46_000, 1]) {
      service.clock.advance(ms);
      const { stale, staleAfterSeconds } = (await get()).json();
      shown.push([stale, staleAfterSeconds]);
    }

    expect(shown).toEqual([
      [false, 46],
      [false, 46],
      [true, 46],
    ]);
  });

  it('is of no matter before the opening and after the end of the count', async () => {
    await given({ pollId: 'later', opensAt: at(86_400_000) });
    await post('/polls/colors/close');
    withoutShards();
    service.clock.advance(3_600_000);

    expect((await get('/polls/later/results')).json()).toMatchObject({ stale: false, final: false });
    expect((await get()).json()).toMatchObject({ stale: false, final: true });
  });

  it('is told until all is counted, also after the end of the voting', async () => {
    await given({ pollId: 'short', closesAt: at(1_000) });
    await vote('RED', 'short');
    withoutShards();
    service.clock.advance(20_000);

    expect((await get('/polls/short/results')).json()).toMatchObject({ status: 'closed', stale: true, final: false });
  });
});

describe('the ETag of results', () => {
  const etag = async (headers = {}) => (await get(URL, headers)).headers.etag;

  it('changes with tally, staleness, status and finality', async () => {
    await given({ pollId: 'p', closesAt: at(100_000) });
    const url = '/polls/p/results';
    const tags: unknown[] = [(await get(url)).headers.etag];
    const changed = async () => {
      const answer = await get(url, { 'if-none-match': String(tags.at(-1)) });
      expect(answer.statusCode).toBe(200);
      tags.push(answer.headers.etag);
    };

    await vote('RED', 'p');
    await tallied(1, url);
    await changed();
    const failing = withoutShards();
    service.clock.advance(20_000);
    await changed();
    failing.mockRestore();
    service.clock.advance(10_000);
    await changed();
    service.clock.advance(70_000);
    await changed();
    await service.container.get(SweepPolls).execute();
    await changed();

    // Fresh again, it is what it was before.
    expect(tags[3]).toBe(tags[1]);
    expect(new Set(tags).size).toBe(tags.length - 1);
  });

  it('stays while only the moment of the answer and of the last check do not', async () => {
    const first = await get();
    service.clock.advance(12_000);
    const second = await get();

    expect(second.json().asOf).not.toBe(first.json().asOf);
    expect(second.json().completeUpTo).not.toBe(first.json().completeUpTo);
    expect(second.headers.etag).toBe(first.headers.etag);
    expect((await get(URL, { 'if-none-match': String(first.headers.etag) })).statusCode).toBe(304);
  });

  it('tells what a key shows from what everybody sees, where they differ', async () => {
    expect(await etag()).toBe(await etag(authorization));
    await given({ pollId: 'hidden', hideUntilClose: true });
    await vote('RED', 'hidden');
    await tallied(1, '/polls/hidden/results');
    const [all, keyed] = [await get('/polls/hidden/results'), await get('/polls/hidden/results', authorization)];

    expect(keyed.headers.etag).not.toBe(all.headers.etag);
    const mixed = { ...authorization, 'if-none-match': String(all.headers.etag) };
    expect((await get('/polls/hidden/results', mixed)).statusCode).toBe(200);
    const same = await get('/polls/hidden/results', { ...authorization, 'if-none-match': String(keyed.headers.etag) });
    expect([same.statusCode, same.headers['cache-control'], same.headers.vary]).toEqual([
      304,
      'private, no-store',
      'Authorization, x-api-key, Accept',
    ]);
  });

  it('tells the table from the JSON', async () => {
    const [json, csv] = [await etag(), await etag({ accept: 'text/csv' })];

    expect(csv).not.toBe(json);
    expect((await get(URL, { accept: 'text/csv', 'if-none-match': String(json) })).statusCode).toBe(200);
    expect((await get(URL, { accept: 'text/csv', 'if-none-match': String(csv) })).statusCode).toBe(304);
  });
});

describe('hidden results', () => {
  const url = '/polls/hidden/results';
  beforeEach(async () => {
    await given({ pollId: 'hidden', hideUntilClose: true });
    for (const choice of ['RED', 'RED', 'BLUE']) await vote(choice, 'hidden');
    await tallied(3, url);
  });

  it('are shown to every form of a key, and to no other', async () => {
    const key = authorization.authorization.replace('Bearer ', '');
    const totals = async (headers: Record<string, string>) => {
      const answer = await get(url, headers);
      const { hidden, ballots, total } = answer.json();
      return [answer.statusCode, hidden, ballots, total, answer.headers['cache-control']];
    };

    for (const headers of [authorization, { 'x-api-key': key }, { authorization: `bearer ${key}` }])
      expect(await totals(headers)).toEqual([200, true, 3, 3, 'private, no-store']);
    const others: readonly Record<string, string>[] = [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: '' },
      { authorization: `Basic ${key}` },
      { 'x-api-key': `${key}x` },
    ];
    for (const headers of others)
      expect(await totals(headers)).toEqual([200, true, 3, null, 'public, max-age=0, s-maxage=1']);
  });

  it('have for a key all that they have for everybody once they are not hidden any more', async () => {
    const keyed = (await get(url, authorization)).json();
    await post('/polls/hidden/close');
    const final = (await get(url)).json();

    expect(keyed).toMatchObject({ total: 3, choices: final.choices, lagMs: expect.any(Number) });
    expect(final).not.toHaveProperty('hidden');
    expect((await get(url, authorization)).headers['cache-control']).toBe('no-cache');
  });

  it('are shown to a key in events too, and to others there as here', async () => {
    const origin = await service.app.listen({ host: '127.0.0.1', port: 0 });
    const follow = (headers: Record<string, string>) => SseClient.connect(`${origin}${url}/events`, headers);
    const clients = [await follow(authorization), await follow({ authorization: 'Bearer wrong' })];
    try {
      for (const client of clients) await eventually(() => client.events.length > 0, Boolean);
      expect(clients[0]?.last).toMatchObject({ hidden: true, ballots: 3, total: 3, choices: [{ votes: 2 }, {}, {}] });
      expect(clients[1]?.last).toMatchObject({
        hidden: true,
        ballots: 3,
        total: null,
        choices: [{ votes: null }, {}, {}],
      });
      expect(clients.map(({ events }) => events[0]?.id === undefined)).toEqual([false, true]);
    } finally {
      for (const client of clients) client.close();
    }
  });
});

describe('regions', () => {
  it('are listed where there are several, with what may still come from them', async () => {
    const fold = service.container.get(FoldShards);
    await vote();
    await tallied(1);
    expect((await get()).json()).not.toHaveProperty('regions');
    const lastVoteAt = service.clock.now();
    await fold.execute([
      shardImage({ region: 'us-east-1', shard: 0, votes: [0, 2], ballots: 2, lastVoteAt }),
      shardImage({ region: 'us-east-1', shard: 1, votes: [0, 0, 1], ballots: 1, lastVoteAt }),
    ]);

    expect((await get()).json()).toMatchObject({
      ballots: 4,
      regions: [
        { region: 'local', open: true },
        { region: 'us-east-1', open: true },
      ],
    });

    await post('/polls/colors/close');
    expect((await get()).json()).toMatchObject({
      final: false,
      regions: [
        { region: 'local', open: false },
        { region: 'us-east-1', open: true },
      ],
    });
    await fold.execute(
      [0, 1].map((shard) => shardImage({ region: 'us-east-1', shard, votes: [], ballots: 0, closed: 2 })),
    );
    await post('/polls/colors/close');
    expect((await get()).json()).toMatchObject({ final: true, regions: [{ open: false }, { open: false }] });
  });
});

describe('the form of results', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['application/json', false],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', false],
    ['text/plain', false],
    ['text/csv', true],
    ['TEXT/CSV ; charset=utf-8', true],
    ['text/*', true],
    ['text/csv, */*', true],
    ['text/csv, application/json', true],
    ['application/json, text/csv', false],
    ['application/json;q=0.5, text/csv', true],
    ['application/json;q=0.5, text/csv;q=0.4', false],
    ['application/*, text/csv', true],
    ['application/json, text/*', false],
    ['text/csv;q=0', false],
    ['text/csv;q=0.0, text/*', false],
    ['text/csv;q=0.001', true],
    ['*/*;q=0.1, text/csv;q=0.2', true],
    ['*/*, text/csv;q=0.9', false],
    ['text/csvx, x/text/csv', false],
    [',;=,', false],
  ])('with Accept: %s is a table: %s', async (accept, isTable) => {
    expect(prefersCsv(accept)).toBe(isTable);
    const { statusCode, headers } = await get(URL, accept === undefined ? {} : { accept });
    expect([statusCode, headers['content-type']]).toEqual([
      200,
      isTable ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
    ]);
  });

  it('is told to HEAD as to GET', async () => {
    for (const headers of [{}, { accept: 'text/csv' }, authorization]) {
      const [head, full] = [
        await service.app.inject({ method: 'HEAD', url: URL, headers }),
        await get(URL, headers as Record<string, string>),
      ];
      const { 'x-request-id': _, date: __, ...same } = full.headers;
      expect(head.statusCode).toBe(200);
      expect(head.body).toBe('');
      expect(head.headers).toMatchObject(same);
    }
  });
});
