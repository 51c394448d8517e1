import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import type { Results } from '../../src/domain/votes/read-results.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { EventStream } from '../../src/entrypoints/http/event-stream.ts';
import { LiveResults } from '../../src/entrypoints/http/votes/live-results.ts';
import { SharedReads } from '../../src/entrypoints/http/votes/shared-reads.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { SseClient } from '../helpers/sse-client.ts';

describe('the events of a poll’s results', () => {
  let service: EmbeddedApp;
  let origin: string;
  const clients: SseClient[] = [];

  beforeEach(async () => {
    service = await embeddedApp();
    origin = await service.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await service.close();
  });

  const follow = async (pollId: string, headers: Record<string, string> = {}): Promise<SseClient> => {
    const client = await SseClient.connect(`${origin}/polls/${pollId}/results/events`, headers);
    clients.push(client);
    return client;
  };
  const post = (url: string, payload?: object) =>
    service.app.inject({ method: 'POST', url, payload, headers: authorization });
  const vote = (choice: string, pollId = 'colors') => post(`/polls/${pollId}/votes`, { choice });
  const results = async (pollId: string) => (await service.app.inject(`/polls/${pollId}/results`)).json();
  const received = (client: SseClient, events: number) => eventually(() => client.events.length >= events, Boolean);
  const total = (client: SseClient, votes: number, withinMs?: number) =>
    eventually(
      () => client.last.total,
      (shown) => shown === votes,
      withinMs,
    );

  it('begin with the retry time and the present state, on one line', async () => {
    await vote('RED');
    await eventually(
      () => results('colors'),
      (shown) => shown.total === 1,
    );

    const client = await follow('colors');
    await received(client, 1);

    expect(client.response.statusCode).toBe(200);
    expect(client.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^\w{26}$/),
    });
    const shown = await results('colors');
    expect(client.text).toBe(
      `retry: 1000\n\nevent: results\nid: ${shown.revision}\ndata: ${JSON.stringify(shown)}\n\n`,
    );
  });

  it.each(['gzip', 'br', 'deflate', '*', 'gzip, br;q=0.5', 'gzip, identity;q=0'])(
    'are not compressed, which would hold them back, for who accepts %s',
    async (encoding) => {
      const client = await follow('colors', { 'accept-encoding': encoding });
      await received(client, 1);

      expect(client.response.headers['content-encoding']).toBeUndefined();
      expect(client.text).toMatch(/^retry: 1000\n\nevent: results\n/);
    },
  );

  it('show a vote within a second, with a revision that rises', async () => {
    const client = await follow('colors');
    await received(client, 1);

    for (let votes = 1; votes <= 3; votes++) {
      const cast = performance.now();
      await vote('GREEN');
      await total(client, votes, 1_000);
      expect((client.events.at(-1)?.at ?? 0) - cast).toBeLessThan(1_000);
    }

    const ids = client.events.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other));
    expect(client.events.map(({ event }) => event)).toEqual(ids.map(() => 'results'));
  });

  it('are at most five in any second however fast the votes come, never go down, and end at the last state', async () => {
    const [early, late] = [await follow('colors'), await follow('colors')];
    let cast = 0;
    const end = performance.now() + 2_500;
    while (performance.now() < end) {
      await Promise.all(Array.from({ length: 10 }, () => vote('BLUE')));
      cast += 10;
    }
    const latest = await follow('colors');
    for (const client of [early, late, latest]) await total(client, cast, 1_500);

    for (const { events } of [early, late]) {
      expect(events.length).toBeGreaterThan(5);
      for (const [index, event] of events.entries())
        expect((events[index + 5]?.at ?? Number.POSITIVE_INFINITY) - event.at).toBeGreaterThan(1_000);
      const totals = events.map(({ data }) => JSON.parse(data).total);
      expect(totals).toEqual([...totals].sort((one, other) => one - other));
    }
  });

  it('are sent again from the present state when a client connects again', async () => {
    const first = await follow('colors');
    await vote('RED');
    await total(first, 1);
    first.close();
    const id = first.events.at(-1)?.id as string;

    const second = await follow('colors', { 'last-event-id': id });
    await received(second, 1);

    expect(second.events).toEqual([{ ...first.events.at(-1), at: expect.any(Number) }]);
  });

  it('tell of the opening and the close, also where the tally stays', async () => {
    const opensAt = new Date(service.clock.now() + 1_000).toISOString();
    const poll = { pollId: 'later', question: 'Which?', choices: ['A', 'B'], opensAt };
    await post('/polls', poll);
    const client = await follow('later');
    await received(client, 1);
    service.clock.advance(1_000);
    await received(client, 2);
    await post('/polls/later/close');
    await eventually(() => client.last.final, Boolean);

    const shown = client.events.map(({ data }) => JSON.parse(data));
    expect([...new Set(shown.map(({ status }) => status))]).toEqual(['scheduled', 'open', 'closed']);
    expect(new Set(shown.map(({ total }) => total))).toEqual(new Set([0]));
    expect(shown.map(({ final }) => final).indexOf(true)).toBe(shown.length - 1);
  });

  it('tell when the results get stale, and when they are fresh again', async () => {
    const client = await follow('colors');
    await received(client, 1);
    const failing = jest.spyOn(service.container.get(ports.ledger), 'readShards').mockRejectedValue(storeUnavailable());
    service.clock.advance(20_000);
    await received(client, 2);
    failing.mockRestore();
    service.clock.advance(5_000);
    await received(client, 3);

    expect(client.events.map(({ id, data }) => [id, JSON.parse(data).stale])).toEqual([
      ['0', false],
      ['0', true],
      ['0', false],
    ]);
  });

  it('betray nothing while the results are hidden', async () => {
    await post('/polls', { pollId: 'hidden', question: 'Which?', choices: ['A', 'B'], hideUntilClose: true });
    const client = await follow('hidden');
    await received(client, 1);
    await vote('A', 'hidden');
    await eventually(
      () => client.last.ballots,
      (ballots) => ballots === 1,
    );
    await post('/polls/hidden/close');
    await eventually(() => client.last.final, Boolean);

    const shown = client.events.map(({ id, data }) => ({ id, ...JSON.parse(data) }));
    const hidden = shown.filter((results) => results.hidden);
    expect(hidden.length).toBe(shown.length - 1);
    for (const results of hidden)
      expect(results).toMatchObject({
        id: undefined,
        total: null,
        revision: null,
        lagMs: null,
        choices: [
          { choice: 'A', votes: null, share: null },
          { choice: 'B', votes: null, share: null },
        ],
      });
    expect(client.last).toMatchObject({ status: 'closed', total: 1, choices: [{ votes: 1 }, { votes: 0 }] });
  });

  it('go on after the store could not answer for a while', async () => {
    const client = await follow('colors');
    await received(client, 1);
    const failing = jest.spyOn(service.container.get(ports.tallies), 'get').mockRejectedValue(storeUnavailable());
    await eventually(
      () => failing.mock.calls.length,
      (calls) => calls >= 2,
    );
    failing.mockRestore();
    await vote('RED');

    await total(client, 1);
    expect(client.ended).toBe(false);
  });

  it('end in an orderly way when the service does', async () => {
    const client = await follow('colors');
    await received(client, 1);

    await service.app.close();

    await eventually(() => client.ended, Boolean);
  });

  it('are not there for a poll that is not, nor to HEAD', async () => {
    const missing = await service.app.inject('/polls/nope/results/events');
    const head = await service.app.inject({ method: 'HEAD', url: '/polls/colors/results/events' });

    expect([missing.statusCode, missing.json().code]).toEqual([404, 'VOTES_POLL_NOT_FOUND']);
    expect([head.statusCode, head.headers.allow]).toEqual([405, 'GET']);
  });
});

describe('the results of a poll', () => {
  it('are read once for the first who asks and once more for all who ask meanwhile', async () => {
    const service = await embeddedApp();
    try {
      const tallies = service.container.get(ports.tallies);
      const get = tallies.get.bind(tallies);
      const reads: (() => void)[] = [];
      jest.spyOn(tallies, 'get').mockImplementation(async (pollId) => {
        await new Promise<void>((resolve) => reads.push(resolve));
        return get(pollId);
      });
      const answers = Array.from({ length: 20 }, () => service.app.inject('/polls/colors/results'));
      await service.app.inject('/healthz');
      await eventually(() => reads.length, Boolean);
      reads[0]?.();
      await eventually(
        () => reads.length,
        (count) => count > 1,
      );
      reads[1]?.();

      const statuses = (await Promise.all(answers)).map(({ statusCode }) => statusCode);
      expect(statuses).toEqual(statuses.map(() => 200));
      expect(reads).toHaveLength(2);
    } finally {
      await service.close();
    }
  });
});

describe('live results', () => {
  const results = (revision: number): Results => ({
    pollId: 'p',
    createdAt: 0,
    status: 'open',
    hidden: false,
    total: revision,
    choices: [],
    ballots: revision,
    revision,
    asOf: 0,
    lagMs: 0,
    completeUpTo: 0,
    stale: false,
    staleAfterSeconds: 15,
    final: false,
  });
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('are read once for all viewers, four times a second, and not at all without a viewer', async () => {
    let reads = 0;
    const live = new LiveResults(async () => results(++reads), new FakeClock());
    const seen: (number | null)[][] = [[], [], []];
    const viewer = (index: number) => live.watch('p', ({ revision }) => seen[index]?.push(revision));

    const stops = [viewer(0), viewer(1)];
    await jest.advanceTimersByTimeAsync(1_000);
    stops.push(viewer(2));
    await jest.advanceTimersByTimeAsync(250);
    for (const stop of stops) stop();
    await jest.advanceTimersByTimeAsync(5_000);

    expect(reads).toBe(6);
    expect(seen).toEqual([[1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6], [6]]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('show nothing older than what they showed, and nothing twice', async () => {
    const revisions = [2, 1, 2, 3, 3, 0, 4];
    const live = new LiveResults(async () => results(revisions.shift() ?? 4), new FakeClock());
    const seen: (number | null)[] = [];

    const stop = live.watch('p', ({ revision }) => seen.push(revision));
    await jest.advanceTimersByTimeAsync(3_000);
    stop();

    expect(seen).toEqual([2, 3, 4]);
  });

  it('become stale for their viewers while the store cannot be read', async () => {
    const clock = new FakeClock();
    const begin = clock.now();
    let isAway = false;
    const live = new LiveResults(async () => {
      if (isAway) throw new Error('the store is away');
      return { ...results(1), completeUpTo: begin };
    }, clock);
    const seen: boolean[] = [];
    const stop = live.watch('p', ({ stale }) => seen.push(stale));
    await jest.advanceTimersByTimeAsync(300);
    isAway = true;
    clock.advance(15_000);
    await jest.advanceTimersByTimeAsync(300);
    expect(seen).toEqual([false]);
    clock.advance(1);
    await jest.advanceTimersByTimeAsync(300);
    expect(seen).toEqual([false, true]);
    isAway = false;
    await jest.advanceTimersByTimeAsync(300);
    stop();

    expect(seen).toEqual([false, true, false]);
  });

  it('of a count that is final are read every five seconds, and at once for a viewer who joins', async () => {
    let reads = 0;
    const live = new LiveResults(async () => {
      reads++;
      return { ...results(1), final: true };
    }, new FakeClock());
    const seen: string[] = [];
    const stops = [live.watch('p', () => seen.push('first'))];
    await jest.advanceTimersByTimeAsync(9_900);
    expect(reads).toBe(2);
    stops.push(live.watch('p', () => seen.push('second')));
    await jest.advanceTimersByTimeAsync(10);
    for (const stop of stops) stop();

    expect(reads).toBe(3);
    expect(seen).toEqual(['first', 'second']);
  });

  it('show a viewer who joins nothing that was read before, and the state also where it stays', async () => {
    let revision = 1;
    const answers: (() => void)[] = [];
    const live = new LiveResults(() => {
      const read = results(revision);
      return new Promise((resolve) => answers.push(() => resolve(read)));
    }, new FakeClock());
    const seen: Record<string, (number | null)[]> = { first: [], second: [], third: [] };
    const viewer = (name: string) => live.watch('p', ({ revision }) => seen[name]?.push(revision));
    const look = async () => {
      answers.shift()?.();
      await jest.advanceTimersByTimeAsync(250);
    };

    const stops = [viewer('first')];
    await look();
    expect(seen).toEqual({ first: [1], second: [], third: [] });
    // Another look is under way when the tally moves, and somebody who has been told so joins.
    revision = 2;
    stops.push(viewer('second'));
    await look();
    expect(seen).toEqual({ first: [1], second: [], third: [] });
    stops.push(viewer('third'));
    await look();
    await look();
    for (const stop of stops) stop();

    expect(seen).toEqual({ first: [1, 2], second: [2], third: [2] });
  });
});

describe('shared reads', () => {
  it('are one at a time and one that waits, and answer nobody with what was read before they asked', async () => {
    let version = 0;
    const answers: ((failure?: Error) => void)[] = [];
    const shared = new SharedReads((key) => {
      const read = `${key} ${++version}`;
      return new Promise<string>((resolve, reject) =>
        answers.push((failure) => (failure ? reject(failure) : resolve(read))),
      );
    });

    const first = shared.read('a');
    const behind = [shared.read('a'), shared.read('a'), shared.read('a')];
    const other = shared.read('b');
    expect(answers).toHaveLength(2);
    answers[0]?.();
    await expect(first).resolves.toBe('a 1');
    const later = [shared.read('a'), shared.read('a')];
    expect(answers).toHaveLength(3);
    answers[2]?.(new Error('not now'));
    for (const read of behind) await expect(read).rejects.toThrow('not now');
    expect(answers).toHaveLength(4);
    answers[3]?.();
    answers[1]?.();

    await expect(Promise.all(later)).resolves.toEqual(['a 4', 'a 4']);
    await expect(other).resolves.toBe('b 2');
    const alone = shared.read('a');
    expect(answers).toHaveLength(5);
    answers[4]?.();
    await expect(alone).resolves.toBe('a 5');
  });
});

describe('an event stream', () => {
  const event = (data: string) => ({ event: 'results', id: '1', data });

  it('has a comment line every 15 seconds, until it ends', () => {
    jest.useFakeTimers();
    try {
      const stream = new EventStream();
      const text = () => String(stream.body.read() ?? '');
      text();

      jest.advanceTimersByTime(14_999);
      expect(text()).toBe('');
      jest.advanceTimersByTime(1);
      expect(text()).toBe(':\n\n');
      jest.advanceTimersByTime(15_000);
      expect(text()).toBe(':\n\n');
      stream.end();
      jest.advanceTimersByTime(15_000);
      expect(text()).toBe('');
    } finally {
      jest.useRealTimers();
    }
  });

  it('skips what a slow client has not read, but not the newest event', async () => {
    const stream = new EventStream();
    try {
      const large = 'x'.repeat(10_000);
      for (let index = 0; index < 1_000; index++) stream.send(event(`${index} ${large}`));

      let text = '';
      stream.body.on('data', (chunk) => {
        text += chunk;
      });
      await eventually(() => text.includes('data: 999 '), Boolean);

      expect(text.length).toBeLessThan(100_000);
      expect(text).toMatch(/^retry: 1000\n\nevent: results\nid: 1\ndata: 0 /);
    } finally {
      stream.end();
    }
  });

  it('takes nothing more once the client is gone', async () => {
    const stream = new EventStream();
    stream.body.destroy();

    expect(() => stream.send(event('late'))).not.toThrow();
    expect(() => stream.end()).not.toThrow();
  });
});
