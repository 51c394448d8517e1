import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClosePoll } from '../../src/domain/votes/close-poll.ts';
import { FoldShards } from '../../src/domain/votes/fold-shards.ts';
import { SweepPolls } from '../../src/domain/votes/sweep-polls.ts';
import type { Tally } from '../../src/domain/votes/tally.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { shardImage } from '../helpers/votes.ts';

const KEYS = { anna: 'key-of-anna-0123456789', bert: 'key-of-bert-0123456789' };

let service: EmbeddedApp;
beforeEach(async () => {
  service = await embeddedApp({
    API_KEYS: Object.entries(KEYS)
      .map((pair) => pair.join('='))
      .join(','),
  });
});
afterEach(() => service.close());

const at = (ms: number): string => new Date(service.clock.now() + ms).toISOString();
const post = (url: string, payload?: object, key = KEYS.anna) =>
  service.app.inject({ method: 'POST', url, payload, headers: { authorization: `Bearer ${key}` } });
const given = (fields: object) => post('/polls', { question: 'Which?', choices: ['RED', 'BLUE'], ...fields });
const poll = async (pollId: string) => (await service.app.inject(`/polls/${pollId}`)).json();
const results = async (pollId: string) => (await service.app.inject(`/polls/${pollId}/results`)).json();
const vote = (pollId: string) => post(`/polls/${pollId}/votes`, { choice: 'RED' });
const sweep = () => service.container.get(SweepPolls).execute();
const tallied = (pollId: string, ballots: number) =>
  eventually(
    () => results(pollId),
    (shown) => shown.ballots === ballots,
  );
const changeTally = async (pollId: string, change: (tally: Tally) => Partial<Tally>) => {
  const tallies = service.container.get(ports.tallies);
  const tally = (await tallies.get(pollId)) as Tally;
  expect(await tallies.put({ ...tally, ...change(tally), version: tally.version + 1 })).toBe(true);
};
/** As votes that came to another region and have been folded. */
const votesElsewhere = (pollId: string) =>
  service.container
    .get(FoldShards)
    .execute([shardImage({ pollId, region: 'us-east-1', votes: [2], ballots: 2, lastVoteAt: service.clock.now() })]);

describe('who closed a poll, and when', () => {
  it('is the first key, however often it is closed', async () => {
    const closedAt = at(1_000);
    service.clock.advance(1_000);
    const first = (await post('/polls/colors/close', undefined, KEYS.bert)).json();
    service.clock.advance(60_000);
    const second = (await post('/polls/colors/close', {})).json();

    expect(first).toMatchObject({ closedAt, closedBy: 'bert', final: true, audit: { at: closedAt } });
    expect(second).toMatchObject({ closedAt, closedBy: 'bert', final: true, audit: { at: at(0) } });
    expect(await poll('colors')).toEqual(second);
  });

  it('is the schedule at the end of its time, before any sweep has come and after', async () => {
    const closesAt = at(1_000);
    await given({ pollId: 'short', closesAt });
    expect(await poll('short')).not.toHaveProperty('closedAt');
    service.clock.advance(5_000);
    const before = await poll('short');
    await sweep();
    const after = await poll('short');

    expect(before).toMatchObject({ status: 'closed', closedAt: closesAt, closedBy: 'schedule', final: false });
    expect(before).not.toHaveProperty('audit');
    expect(after).toMatchObject({ status: 'closed', closedAt: closesAt, closedBy: 'schedule', final: true });
    expect(after.audit).toEqual({ ballots: 0, shards: 0, tally: 0, drift: 0, doubleVoters: 0, at: at(0) });
  });

  it('stays the schedule where a key closes it after its end, and a key where its end comes later', async () => {
    const closesAt = at(10_000);
    await given({ pollId: 'late', closesAt });
    await given({ pollId: 'early', closesAt });
    const closedAt = at(0);
    await post('/polls/early/close');
    service.clock.advance(20_000);
    await post('/polls/late/close');
    await sweep();

    expect(await poll('late')).toMatchObject({ closedAt: closesAt, closedBy: 'schedule', final: true });
    expect(await poll('early')).toMatchObject({ closesAt, closedAt, closedBy: 'anna', final: true });
  });

  it('is a key for a poll that was scheduled, which then never opens', async () => {
    await given({ pollId: 'later', opensAt: at(10_000), closesAt: at(20_000) });
    const closedAt = at(0);
    expect((await post('/polls/later/close')).json()).toMatchObject({ status: 'closed', closedAt, final: true });
    service.clock.advance(15_000);

    expect((await poll('later')).status).toBe('closed');
    expect((await vote('later')).json().code).toBe('VOTES_POLL_CLOSED');
  });
});

describe('the end of the count', () => {
  it('waits for every region, shows no audit until then, and does without those that are given up', async () => {
    await vote('colors');
    await tallied('colors', 1);
    await votesElsewhere('colors');
    const waiting = (await post('/polls/colors/close')).json();
    service.clock.advance(60_000);
    await sweep();
    const still = await poll('colors');
    const given = (await post('/polls/colors/close', { withoutRegions: ['us-east-1'] })).json();

    expect(waiting).toMatchObject({
      status: 'closed',
      final: false,
      audit: { ballots: 1, shards: 1, tally: 1, drift: 0 },
    });
    expect(waiting.audit).not.toHaveProperty('withoutRegions');
    expect(still).toMatchObject({ status: 'closed', final: false });
    expect(still).not.toHaveProperty('audit');
    expect(given).toMatchObject({ final: true, audit: { drift: 0, withoutRegions: ['us-east-1'] } });
    expect(await results('colors')).toMatchObject({ final: true, total: 3 });
    expect(await poll('colors')).toEqual(given);
  });

  it('keeps regions given up at an earlier close', async () => {
    await votesElsewhere('colors');
    await service.container
      .get(FoldShards)
      .execute([shardImage({ region: 'sa-east-1', votes: [1], ballots: 1, lastVoteAt: service.clock.now() })]);
    expect((await post('/polls/colors/close', { withoutRegions: ['us-east-1'] })).json().final).toBe(false);
    const closed = (await post('/polls/colors/close', { withoutRegions: ['sa-east-1'] })).json();

    expect(closed).toMatchObject({ final: true });
    expect([...closed.audit.withoutRegions].sort()).toEqual(['sa-east-1', 'us-east-1']);
  });

  it('comes with a sweep when the close was not heard to its end', async () => {
    await vote('colors');
    const { closePoll } = { closePoll: service.container.get(ClosePoll) };
    await closePoll.execute('colors', { by: 'anna' });
    expect(await poll('colors')).toMatchObject({ status: 'closed', closedBy: 'anna', final: false });
    service.clock.advance(30_000);
    await sweep();

    expect(await poll('colors')).toMatchObject({ closedBy: 'anna', final: true, audit: { ballots: 1, drift: 0 } });
  });
});

describe('a recount of a closed poll', () => {
  beforeEach(async () => {
    for (let votes = 0; votes < 3; votes++) await vote('colors');
    await tallied('colors', 3);
  });

  it('audits it anew if it changes something', async () => {
    await changeTally('colors', () => ({ marks: new Map([['local', [{ votes: [7], ballots: 7, closed: 0 }]]]) }));
    const closed = (await post('/polls/colors/close')).json();
    service.clock.advance(1_000);
    const recount = (await post('/polls/colors/recount')).json();
    const after = await poll('colors');

    expect(closed.audit.drift).toBeGreaterThan(0);
    expect(recount).toMatchObject({ after: 3, drift: -closed.audit.drift });
    expect(after).toMatchObject({ final: true, audit: { ballots: 3, shards: 3, tally: 3, drift: 0, at: at(0) } });
    expect(await results('colors')).toMatchObject({ total: 3, final: true });
  });

  it('leaves its audit as it is if nothing was wrong', async () => {
    const closed = (await post('/polls/colors/close')).json();
    service.clock.advance(1_000);

    expect((await post('/polls/colors/recount')).json()).toEqual({ before: 3, after: 3, drift: 0 });
    expect(await poll('colors')).toEqual(closed);
  });
});
