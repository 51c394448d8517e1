import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { Poll } from '../../../src/domain/votes/poll.ts';
import { concealed } from '../../../src/domain/votes/read-results.ts';
import { ballotsIn, emptyTally, type Tally } from '../../../src/domain/votes/tally.ts';
import { aBallot, aPoll, shardImage } from '../../helpers/votes.ts';
import { refusal, votesWorld } from '../../helpers/votes-world.ts';

let world: ReturnType<typeof votesWorld>;
beforeEach(() => {
  world = votesWorld();
});

/** A tally of `colors` with this many votes for the first choice in a shard, of a version that can be stored at once. */
const tallyOf = (shards: Record<number, number>, fields: Partial<Tally> = {}): Tally => {
  const counters = Array.from({ length: 16 }, (_, shard) => {
    const ballots = shards[shard] ?? 0;
    return { votes: [ballots], ballots, closed: 0 };
  });
  return { ...emptyTally('colors'), version: 1, marks: new Map([['local', counters]]), ...fields };
};

const ballots = async (pollId = 'colors') =>
  (await world.ledger.countBallots((await world.polls.get(pollId)) as Poll, [])).ballots;

const fold = async (pollId = 'colors') => {
  const poll = await world.polls.get(pollId);
  if (poll) await world.foldShards.execute(await world.ledger.readShards(poll, []));
};

describe('creating a poll', () => {
  it('fills in what is not said', async () => {
    const poll = await world.given({ pollId: undefined });

    expect(poll).toMatchObject({
      pollId: 'id-1',
      createdAt: world.clock.now(),
      voterLimit: 'none',
      hideUntilClose: false,
      shards: 16,
    });
    expect(await world.polls.get('id-1')).toEqual(poll);
  });

  it.each([
    [{ choices: ['red', ' RED '] }, 'choices[1]'],
    [{ choices: ['red', 'ｒｅｄ'] }, 'choices[1]'],
    [{ choices: ['Stop!', 'go'], smsNumber: '+15550001111' }, 'choices[0]'],
    [{ choices: ['go', ' unsubscribe '], smsNumber: '+15550001111' }, 'choices[1]'],
    [{ choices: ['  ', 'go'] }, 'choices[0]'],
    [{ question: ' \t ' }, 'question'],
    [{ closesAt: Date.UTC(2026, 0, 1) }, 'closesAt'],
    [{ opensAt: Date.UTC(2027, 0, 1), closesAt: Date.UTC(2026, 6, 1) }, 'closesAt'],
  ])('refuses %j and names %s', async (fields, path) => {
    await expect(world.given(fields)).rejects.toMatchObject({ code: 'INVALID_REQUEST', issues: [{ path }] });
    expect(await world.polls.get('colors')).toBeUndefined();
  });

  it('names every rule that is broken', async () => {
    const error = await world
      .given({ choices: ['HELP', 'x', 'X'], question: ' ', smsNumber: '+15550001111' })
      .catch((thrown) => thrown);
    expect(error.issues.map(({ path }: { path: string }) => path)).toEqual(['choices[0]', 'choices[2]', 'question']);
  });
});

describe('casting a vote', () => {
  it('counts it and answers with the choice as the poll spells it', async () => {
    await world.given();
    const result = await world.castVote.execute('colors', { choice: ' red! ', voter: ' Ann ', channel: 'web' });

    expect(result).toEqual({ voteId: 'id-1', choice: 'RED', acceptedAt: world.clock.now(), replayed: false });
    const ballotId = 'ballot id-1 by web in colors';
    expect(await world.ledger.find('colors', ballotId)).toEqual({
      pollId: 'colors',
      ballotId,
      choices: [0],
      channel: 'web',
      voter: 'voter ann by web in colors',
      acceptedAt: world.clock.now(),
    });
  });

  it('answers a repeat as the first time, hours later and after the close', async () => {
    await world.given();
    const vote = { choice: 'red', voteId: 'v1', voter: 'ann', channel: 'web' } as const;
    const first = await world.castVote.execute('colors', vote);
    world.clock.advance(3_600_000);

    expect(await world.castVote.execute('colors', vote)).toEqual({ ...first, replayed: true });
    await world.closePoll.execute('colors', { by: 'admin' });
    expect(await world.castVote.execute('colors', vote)).toEqual({ ...first, replayed: true });
    expect(await ballots()).toBe(1);
  });

  it.each([
    ['another choice', { choice: 'green', voter: 'ann' }],
    ['another voter', { choice: 'red', voter: 'bob' }],
    ['no voter', { choice: 'red' }],
    ['an unknown word', { choice: 'mauve', voter: 'ann' }],
  ])('refuses an identity that comes again with %s, before and after the close', async (_, other) => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', voteId: 'v1', voter: 'ann', channel: 'web' });
    const again = () => world.castVote.execute('colors', { ...other, voteId: 'v1', channel: 'web' });

    await expect(again()).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
    await world.closePoll.execute('colors', { by: 'admin' });
    await expect(again()).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
  });

  it('counts from opensAt on and no more from closesAt on, to the millisecond', async () => {
    const start = world.clock.now();
    await world.given({ opensAt: start + 10, closesAt: start + 20 });
    const vote = () => world.castVote.execute('colors', { choice: 'red', channel: 'web' });

    world.clock.advance(9);
    await expect(vote()).rejects.toEqual(refusal('VOTES_POLL_NOT_OPEN'));
    world.clock.advance(1);
    await vote();
    world.clock.advance(9);
    await vote();
    world.clock.advance(1);
    await expect(vote()).rejects.toEqual(refusal('VOTES_POLL_CLOSED'));
    expect(await ballots()).toBe(2);
  });

  it('takes one vote of each voter where the poll says so', async () => {
    await world.given({ voterLimit: 'one' });
    await world.castVote.execute('colors', { choice: 'red', voter: 'ann', channel: 'web' });

    await expect(world.castVote.execute('colors', { choice: 'blue', voter: 'ann', channel: 'web' })).rejects.toEqual(
      refusal('VOTES_ALREADY_VOTED'),
    );
    await expect(world.castVote.execute('colors', { choice: 'blue', channel: 'web' })).rejects.toEqual(
      refusal('INVALID_REQUEST'),
    );
    await world.castVote.execute('colors', { choice: 'blue', voter: 'bob', channel: 'web' });
    expect(await ballots()).toBe(2);
  });

  it('refuses what is no choice, and a poll that is not there', async () => {
    await world.given();
    await expect(world.castVote.execute('colors', { choice: '__proto__', channel: 'web' })).rejects.toEqual(
      refusal('VOTES_UNKNOWN_CHOICE'),
    );
    await expect(world.castVote.execute('__proto__', { choice: 'red', channel: 'web' })).rejects.toEqual(
      refusal('VOTES_POLL_NOT_FOUND'),
    );
  });
});

describe('a vote by SMS', () => {
  const NUMBER = '+15550001111';
  const sms = (text: string, fields: object = {}) =>
    world.takeSmsVote.execute({ messageId: `SM-${text}`, to: NUMBER, from: '+15557770000', text, ...fields });
  const counted = (choice: string) => ({ kind: 'counted', choice });

  it('counts in the poll of the number, else in the default poll', async () => {
    await world.given();
    expect(await sms('red')).toEqual(counted('RED'));
    await world.given({ pollId: 'pets', choices: ['CAT', 'DOG'], smsNumber: NUMBER });

    expect(await sms('Cat 🐈')).toEqual(counted('CAT'));
    expect(await sms('green')).toMatchObject({ kind: 'unknown-word', poll: { pollId: 'pets' } });
    expect(await sms('green', { to: '+15550002222' })).toEqual(counted('GREEN'));
  });

  it('counts nowhere without a default poll when no poll names the number', async () => {
    const takeSmsVote = world.takingSms(undefined);
    await world.given({ smsNumber: '+15550002222' });
    const message = { messageId: 'SM', to: '+15550001111', from: '+15557770000', text: 'red' };

    expect(await takeSmsVote.execute(message)).toEqual({ kind: 'no-poll' });
    expect(await ballots()).toBe(0);
  });

  it('goes to the poll of its number that is open, else to the next to open, else to the last that closed', async () => {
    const start = world.clock.now();
    const choices = (name: string) => [`${name}1`, `${name}2`];
    const given = (pollId: string, opensAt: number, closesAt: number) =>
      world.given({
        pollId,
        choices: choices(pollId),
        smsNumber: NUMBER,
        opensAt: start + opensAt,
        closesAt: start + closesAt,
      });
    await given('c', 50, 60);
    await given('a', 10, 20);
    await given('b', 30, 40);
    const at = async (ms: number) => {
      world.clock.advance(start + ms - world.clock.now());
      const outcome = await sms('mauve', { messageId: `SM-${ms}` });
      return outcome.kind === 'unknown-word' ? outcome.poll.choices[0] : outcome.kind;
    };

    expect(await at(5)).toBe('a1');
    expect(await at(10)).toBe('a1');
    expect(await at(20)).toBe('b1');
    expect(await at(35)).toBe('b1');
    expect(await at(45)).toBe('c1');
    expect(await at(55)).toBe('c1');
    expect(await at(60)).toBe('poll-closed');
  });

  it('to a number that polls had before never counts in the default poll', async () => {
    await world.given();
    await world.given({ pollId: 'pets', choices: ['CAT', 'DOG'], smsNumber: NUMBER });
    await world.closePoll.execute('pets', { by: 'admin' });

    expect(await sms('red')).toMatchObject({ kind: 'poll-closed' });
    expect(await ballots()).toBe(0);
  });

  it('is answered when it is delivered again as the first time, also after the close', async () => {
    await world.given({ voterLimit: 'one' });
    const first = await sms('red');
    await world.closePoll.execute('colors', { by: 'admin' });

    expect(await sms('red')).toEqual(first);
    expect(await ballots()).toBe(1);
  });

  it.each(['the default poll', 'the first poll of the number', 'a later poll of the number'])(
    'counts once when it is delivered again after it was counted in %s and another poll has opened',
    async (where) => {
      await world.given(where === 'the default poll' ? {} : { smsNumber: NUMBER });
      if (where === 'a later poll of the number') {
        await world.closePoll.execute('colors', { by: 'admin' });
        await world.given({ pollId: 'second', smsNumber: NUMBER });
      }
      const first = await sms('red');
      for (const pollId of ['colors', 'second'])
        if (await world.polls.get(pollId)) await world.closePoll.execute(pollId, { by: 'admin' });
      await world.given({ pollId: 'next', smsNumber: NUMBER });

      expect(await sms('red')).toEqual(first);
      expect(await ballots('next')).toBe(0);
      await world.closePoll.execute('next', { by: 'admin' });
      expect(await sms('red')).toEqual(first);
      expect(await sms('blue')).toMatchObject({ kind: 'poll-closed' });
    },
  );

  it('counts once of two deliveries of which the first is held up until the next poll is open', async () => {
    const start = world.clock.now();
    await world.given({ smsNumber: NUMBER, closesAt: start + 1_000 });
    await world.given({ pollId: 'next', smsNumber: NUMBER, opensAt: start + 1_000 });
    const { record } = world.ledger;
    let goOn = (): void => undefined;
    world.ledger.record = async (...vote) => {
      world.ledger.record = record;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return record.apply(world.ledger, vote);
    };
    const first = sms('red');
    await new Promise(setImmediate);
    world.clock.advance(5_000);
    expect(await sms('red')).toEqual(counted('RED'));
    goOn();

    expect(await first).toEqual(counted('RED'));
    expect([await ballots(), await ballots('next')]).toEqual([0, 1]);
  });

  it('tells a second message of a voter who has one vote that the first counts', async () => {
    await world.given({ voterLimit: 'one' });
    await sms('red');

    expect(await sms('green')).toMatchObject({ kind: 'already-voted', poll: { pollId: 'colors' } });
  });

  it('is not the vote of somebody on the web who says that it has that number', async () => {
    await world.given({ voterLimit: 'one' });
    await world.castVote.execute('colors', { choice: 'blue', voter: '+15557770000', voteId: 'SM-red', channel: 'web' });

    expect(await sms('red')).toEqual(counted('RED'));
    expect(await ballots()).toBe(2);
  });

  it('is refused by a poll without texts, as a web vote is by one with texts alone', async () => {
    await world.given({ channels: ['web'] });
    expect(await sms('red')).toEqual({ kind: 'channel-closed' });
    await world.given({ pollId: 'texts', channels: ['sms'] });
    await expect(world.castVote.execute('texts', { choice: 'red', channel: 'web' })).rejects.toEqual(
      refusal('VOTES_CHANNEL_CLOSED'),
    );
  });

  it('says nothing to words that the phone network answers itself', async () => {
    await world.given();
    for (const word of ['STOP', ' stop ', 'Help', 'UNSUBSCRIBE.', 'quit', 'Revoke', 'OptOut', '“STOP!”'])
      expect(await sms(word)).toEqual({ kind: 'reserved-word' });
  });

  it('says nothing to such words where there is no poll', async () => {
    for (const word of ['STOP', 'stop!']) expect(await sms(word)).toEqual({ kind: 'reserved-word' });
  });

  it('leaves the bare word to the phone network alone in a poll that has such a choice', async () => {
    await world.given({ choices: ['Start', 'Stop', 'Continue'] });

    expect(await sms(' stop ')).toEqual({ kind: 'reserved-word' });
    expect(await sms('stop!')).toEqual({ kind: 'counted', choice: 'Stop' });
    expect(await sms('help!')).toEqual({ kind: 'reserved-word' });
    expect(await sms('Continue')).toEqual({ kind: 'counted', choice: 'Continue' });
  });

  it('tells of a poll that is closed, not open yet or not there', async () => {
    expect(await sms('red')).toEqual({ kind: 'no-poll' });
    await world.given({ opensAt: world.clock.now() + 1_000 });
    expect(await sms('red')).toMatchObject({ kind: 'poll-not-open', poll: { pollId: 'colors' } });
    expect(await sms('mauve')).toMatchObject({ kind: 'unknown-word' });
    await world.closePoll.execute('colors', { by: 'admin' });
    expect(await sms('red')).toMatchObject({ kind: 'poll-closed' });
    expect(await sms('mauve')).toMatchObject({ kind: 'poll-closed' });
  });
});

describe('reading results', () => {
  it('shows what the tally has, in the order of the poll, with shares of four decimals', async () => {
    await world.given();
    for (const choice of ['blue', 'red', 'blue']) await world.castVote.execute('colors', { choice, channel: 'web' });
    const before = await world.readResults.execute('colors');
    world.clock.advance(40);
    await fold();

    expect(before).toMatchObject({ total: 0, revision: 0, lagMs: 0 });
    expect(before.choices.map(({ share }) => share)).toEqual([0, 0, 0]);
    expect(await world.readResults.execute('colors')).toEqual({
      pollId: 'colors',
      createdAt: world.clock.now() - 40,
      status: 'open',
      hidden: false,
      total: 3,
      choices: [
        { choice: 'RED', votes: 1, share: 0.3333 },
        { choice: 'GREEN', votes: 0, share: 0 },
        { choice: 'BLUE', votes: 2, share: 0.6667 },
      ],
      ballots: 3,
      revision: 1,
      asOf: world.clock.now(),
      lagMs: 40,
      completeUpTo: world.clock.now() - 40,
      stale: false,
      staleAfterSeconds: 15,
      final: false,
    });
  });

  it('hides every figure but the turnout until the count is final where the poll says so', async () => {
    await world.given({ hideUntilClose: true });
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    await fold();
    const shown = async () => concealed(await world.readResults.execute('colors'));

    const hidden = { hidden: true, total: null, ballots: 1, revision: null, lagMs: null };
    expect(await shown()).toMatchObject(hidden);
    expect((await shown()).choices[0]).toEqual({ choice: 'RED', votes: null, share: null });
    expect(await world.readResults.execute('colors')).toMatchObject({ hidden: true, total: 1 });
    const { after: poll } = await world.closePoll.execute('colors', { by: 'admin' });
    expect(await shown()).toMatchObject({ ...hidden, status: 'closed', final: false });
    await world.auditPoll.execute(poll);
    expect(await shown()).toMatchObject({ hidden: false, total: 1, status: 'closed', final: true });
  });
});

describe('results without a change stream', () => {
  const vote = (choice = 'red') => world.castVote.execute('colors', { choice, channel: 'web' });
  const read = () => world.readResults.execute('colors');

  it('are complete up to a moment that they name, checked every 10 s by those who read them', async () => {
    await world.given();
    const start = world.clock.now();
    await vote();
    world.clock.advance(9_999);
    expect(await read()).toMatchObject({ total: 0, completeUpTo: start, stale: false });
    world.clock.advance(1);
    await vote();
    expect(await read()).toMatchObject({ total: 2, completeUpTo: start + 10_000, stale: false });
    await vote();
    world.clock.advance(9_999);
    expect(await read()).toMatchObject({ total: 2, completeUpTo: start + 10_000, stale: false });
    world.clock.advance(1);
    expect(await read()).toMatchObject({ total: 3, completeUpTo: start + 20_000, stale: false });
  });

  it('leave out no shard that the poll was given while they were checked', async () => {
    const poll = await world.given();
    const { readShards } = world.ledger;
    world.ledger.readShards = async (poll, regions) =>
      (await readShards.call(world.ledger, poll, regions)).filter(({ shard }) => shard < poll.shards);
    const { put } = world.tallies;
    world.tallies.put = async (tally) => {
      world.tallies.put = put;
      await world.polls.growShards(poll.pollId, 1_000);
      for (let count = 0; count < 50; count++) await vote();
      world.clock.advance(1);
      return world.tallies.put(tally);
    };
    world.clock.advance(10_000);

    const votedAt = world.clock.now();
    const { completeUpTo, total } = await read();
    expect(completeUpTo).toBeGreaterThan(votedAt);
    expect(total).toBe(50);
  });

  it('say that they are stale when the store does not let them be checked, and heal', async () => {
    await world.given();
    const { readShards } = world.ledger;
    world.ledger.readShards = () => Promise.reject(new Error('no shards today'));
    await vote();
    world.clock.advance(15_000);
    expect(await read()).toMatchObject({ total: 0, stale: false });
    world.clock.advance(1);
    expect(await read()).toMatchObject({ total: 0, stale: true });
    world.ledger.readShards = readShards;
    world.clock.advance(4_999);
    expect(await read()).toMatchObject({ total: 1, stale: false });
  });

  it('are checked by one of those who read at one time', async () => {
    await world.given();
    await vote();
    world.clock.advance(60_000);
    let readings = 0;
    const { readShards } = world.ledger;
    world.ledger.readShards = (poll, regions) => {
      readings++;
      return readShards.call(world.ledger, poll, regions);
    };

    const results = await Promise.all(Array.from({ length: 10 }, read));
    expect(readings).toBe(1);
    for (const { total, stale } of results) expect(total === 1 || stale).toBe(true);
    expect(await read()).toMatchObject({ total: 1, stale: false });
  });

  it('are taken over from a reader that stops in the middle of its check', async () => {
    await world.given();
    await vote();
    world.clock.advance(10_000);
    const { readShards } = world.ledger;
    world.ledger.readShards = () => new Promise(() => undefined);
    void read();
    await new Promise(setImmediate);
    world.ledger.readShards = readShards;
    world.clock.advance(4_999);
    expect(await read()).toMatchObject({ total: 0 });
    world.clock.advance(1);
    expect(await read()).toMatchObject({ total: 1, stale: false });
  });

  it('tell of votes that the stream should have brought, and not of those that are on their way', async () => {
    await world.given();
    await vote();
    world.clock.advance(10_000);
    await vote();
    await fold();
    await vote();
    await read();
    expect(world.repaired).toEqual([]);

    world.clock.advance(3_000);
    await vote();
    world.clock.advance(7_000);
    expect(await read()).toMatchObject({ total: 4 });
    expect(world.repaired).toEqual([['colors', 1]]);
  });

  it('tell of a stream that brings nothing also while every shard has a vote of this very moment', async () => {
    await world.given();
    const everywhere = async () => {
      for (let count = 0; count < 200; count++) await vote();
    };
    world.clock.advance(10_000);
    await everywhere();
    await read();
    expect(world.repaired).toEqual([]);
    world.clock.advance(10_000);
    await everywhere();
    await read();
    expect(world.repaired).toEqual([['colors', 200]]);
  });

  it.each([
    ['votes, reads and folds come in', false],
    ['a recount lowers a tally meanwhile', true],
  ])(
    'never lie about how far they are complete, in whatever order %s',
    async (_, isTooHigh) => {
      const step = isTooHigh ? ['vote', 'read', 'fold', 'pass', 'recount'] : ['vote', 'read', 'fold', 'pass'];
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(fc.constantFrom(...step), { minLength: 10, maxLength: 30 }),
          async (scheduler, steps) => {
            world = votesWorld();
            await world.given();
            if (isTooHigh) await world.tallies.put(tallyOf({ 0: 30, 7: 2 }));
            delayed(world.tallies, scheduler);
            delayed(world.ledger, scheduler);
            const answered: number[] = [];
            let isHonest = !isTooHigh;
            const run: Record<string, () => Promise<unknown>> = {
              vote: () => vote().then(() => answered.push(world.clock.now())),
              read: async () => {
                const wasHonest = isHonest;
                const before = [...answered];
                const { ballots, completeUpTo } = await read();
                // Under a tally that is too high nobody can tell what is missing.
                if (wasHonest) expect(ballots).toBeGreaterThanOrEqual(before.filter((at) => at < completeUpTo).length);
              },
              fold: () => fold(),
              recount: () => world.recountPoll.execute('colors').then(() => (isHonest = true)),
              pass: async () => world.clock.advance(11_000),
            };
            const running = steps.map(async (step, index) => {
              await scheduler.schedule(Promise.resolve(), `begin ${index}`);
              await run[step]?.();
            });
            await scheduler.waitFor(Promise.all(running));
            await scheduler.waitFor(world.recountPoll.execute('colors'));
            expect((await scheduler.waitFor(read())).ballots).toBe(answered.length);
          },
        ),
        { numRuns: 300 },
      );
    },
    60_000,
  );
});

/** Has every call of a port wait for its turn, before it acts and before it answers. Time passes with each. */
function delayed(port: object, scheduler: fc.Scheduler): void {
  const methods = port as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const name of ['get', 'put', 'record', 'readShards', 'find']) {
    const method = methods[name]?.bind(port);
    if (method)
      methods[name] = async (...args) => {
        await scheduler.schedule(Promise.resolve(), name);
        world.clock.advance(10);
        const answer = await method(...args);
        await scheduler.schedule(Promise.resolve(), `${name} answers`);
        return answer;
      };
  }
}

describe('closing a poll', () => {
  const closed = async (pollId = 'colors', withoutRegions?: string[]) =>
    (await world.closePoll.execute(pollId, { by: 'admin', withoutRegions })).after;

  it('refuses later votes, and the audit agrees though nothing was folded before', async () => {
    await world.given();
    for (let vote = 0; vote < 25; vote++) await world.castVote.execute('colors', { choice: 'green', channel: 'web' });
    const at = world.clock.now();
    const { poll, audit } = await world.auditPoll.execute(await closed());

    await expect(world.castVote.execute('colors', { choice: 'red', channel: 'web' })).rejects.toEqual(
      refusal('VOTES_POLL_CLOSED'),
    );
    expect(audit).toEqual({ ballots: 25, shards: 25, tally: 25, drift: 0, doubleVoters: 0, at });
    expect(poll).toMatchObject({ closedAt: at, closedBy: 'admin', audit });
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 25, final: true, stale: false });
  });

  it('meets a vote that read the poll before the close at the closed shard', async () => {
    const before = await world.given();
    await closed();

    await expect(world.castVote.castIn(before, { choice: 'red', channel: 'web' })).rejects.toEqual(
      refusal('VOTES_POLL_CLOSED'),
    );
    expect(await ballots()).toBe(0);
  });

  it('shows a tally that counts too much as drift', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    const shard = (await world.ledger.readShards(await open(), []))[0]?.shard as number;
    await world.tallies.put(tallyOf({ [(shard + 1) % 16]: 5 }));

    const { audit } = await world.auditPoll.execute(await closed());
    expect(audit).toMatchObject({ ballots: 1, shards: 1, tally: 6, drift: 5 });
  });

  const open = async () => (await world.polls.get('colors')) as Poll;

  it('keeps who closed it first, and leaves a poll whose time is over to the schedule', async () => {
    const start = world.clock.now();
    await world.given({ closesAt: start + 1_000 });
    await world.given({ pollId: 'early', closesAt: start + 1_000 });
    await closed('early');
    await world.closePoll.execute('early', { by: 'ci' });
    world.clock.advance(5_000);
    await closed();

    expect(await world.polls.get('early')).toMatchObject({ closedAt: start, closedBy: 'admin' });
    expect(await world.polls.get('colors')).toMatchObject({ closedAt: start + 1_000, closedBy: 'schedule' });
  });

  it('waits with the end of the count for every region that the tally has seen, unless it is given up', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    await world.foldShards.execute([shardImage({ region: 'us-east-1', votes: [0, 2], ballots: 2 })]);

    const { poll, audit } = await world.auditPoll.execute(await closed());
    expect([poll.audit, audit]).toMatchObject([undefined, { ballots: 1, shards: 1, tally: 1, drift: 0 }]);
    expect(await world.readResults.execute('colors')).toMatchObject({
      total: 3,
      final: false,
      regions: [
        { region: 'local', open: false },
        { region: 'us-east-1', open: true },
      ],
    });
    const given = await world.auditPoll.execute(await closed('colors', ['us-east-1']));
    expect(given.poll.audit).toMatchObject({ drift: 0, withoutRegions: ['us-east-1'] });
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 3, final: true });
  });

  it('is final once the other region has closed too', async () => {
    await world.given();
    await closed();
    await world.foldShards.execute([0, 1].map((shard) => shardImage({ region: 'us', shard, closed: 2 })));

    expect((await world.auditPoll.execute(await open())).poll.audit).toBeDefined();
  });

  it('audits the tally as it is after the ballots were counted, however long that takes', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    await world.tallies.put(tallyOf({ 0: 9, 1: 9 }));
    const poll = await closed();
    const { countBallots } = world.ledger;
    world.ledger.countBallots = async (...asked) => {
      world.ledger.countBallots = countBallots;
      await world.recountPoll.execute('colors');
      return countBallots.apply(world.ledger, asked);
    };

    expect((await world.auditPoll.execute(poll)).audit).toMatchObject({ ballots: 1, tally: 1, drift: 0 });
  });

  it('never calls a tally final that was read before the count ended', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    const get = world.polls.get.bind(world.polls);
    world.polls.get = async (pollId) => {
      world.polls.get = get;
      await world.auditPoll.execute(await closed());
      return get(pollId);
    };

    expect(await world.readResults.execute('colors')).toMatchObject({ final: true, total: 1 });
  });

  it('closes a scheduled poll too', async () => {
    await world.given({ opensAt: world.clock.now() + 1_000 });
    await closed();
    world.clock.advance(2_000);

    expect((await world.readResults.execute('colors')).status).toBe('closed');
  });
});

describe('a sweep', () => {
  it('closes what is due and ends its count, and only that', async () => {
    const start = world.clock.now();
    await world.given({ pollId: 'due', closesAt: start + 10 });
    await world.given({ pollId: 'later', closesAt: start + 20 });
    const due = await world.polls.get('due');
    await world.castVote.execute('due', { choice: 'red', channel: 'web' });
    world.clock.advance(15);
    await world.sweepPolls.execute();

    const audit = { ballots: 1, shards: 1, tally: 1, drift: 0, doubleVoters: 0, at: start + 15 };
    expect(await world.polls.get('due')).toMatchObject({ closedAt: start + 10, closedBy: 'schedule', audit });
    expect(world.audits).toEqual([['due', audit]]);
    expect((await world.polls.get('later'))?.closedAt).toBeUndefined();
    if (due) expect(await world.ledger.record(due, aBallot('x', { pollId: 'due' }))).toEqual({ kind: 'closed' });
  });

  it('closes nothing before it is certainly due', async () => {
    const { clock } = world;
    const closesAt = clock.now() + 10;
    await world.given({ closesAt });
    clock.advance(50);
    const earliest = jest.spyOn(clock, 'earliest').mockReturnValue(closesAt - 1);
    await world.sweepPolls.execute();
    expect((await world.polls.get('colors'))?.closedAt).toBeUndefined();

    earliest.mockReturnValue(closesAt);
    await world.sweepPolls.execute();
    expect((await world.polls.get('colors'))?.closedAt).toBe(closesAt);
  });

  it('checks open polls that nobody reads every five minutes', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    const total = async () => ballotsIn((await world.tallies.get('colors'))?.marks ?? new Map());
    world.clock.advance(299_999);
    await world.sweepPolls.execute();
    expect(await total()).toBe(0);
    world.clock.advance(1);
    await world.sweepPolls.execute();
    expect(await total()).toBe(1);

    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    world.clock.advance(299_999);
    await world.sweepPolls.execute();
    expect(await total()).toBe(1);
    world.clock.advance(1);
    await world.sweepPolls.execute();
    expect(await total()).toBe(2);
    expect(world.repaired).toEqual([
      ['colors', 1],
      ['colors', 1],
    ]);
  });

  it('ends the count of a poll that was closed by hand when the close could not', async () => {
    await world.given();
    const { countBallots } = world.ledger;
    world.ledger.countBallots = () => Promise.reject(new Error('too many'));
    await world.closePoll.execute('colors', { by: 'admin' });
    world.clock.advance(30_000);
    await expect(world.sweepPolls.execute()).rejects.toMatchObject({ errors: [new Error('too many')] });
    world.ledger.countBallots = countBallots;
    await world.sweepPolls.execute();
    expect((await world.polls.get('colors'))?.audit).toBeUndefined();
    world.clock.advance(60_000);
    await world.sweepPolls.execute();
    expect(await world.polls.get('colors')).toMatchObject({ closedBy: 'admin', audit: { drift: 0 } });
    world.clock.advance(3_600_000);
    await world.sweepPolls.execute();
    expect(await world.polls.listDue(world.clock.now())).toEqual([]);
  });

  it('is done by one of several processes, and none that fails keeps another poll from it', async () => {
    const start = world.clock.now();
    for (const pollId of ['a', 'b', 'c']) await world.given({ pollId, closesAt: start + 10 });
    const get = world.polls.get.bind(world.polls);
    world.polls.get = async (pollId) => {
      if (pollId === 'b') throw new Error('no poll today');
      return get(pollId);
    };
    world.clock.advance(15);
    const sweeps = await Promise.allSettled(Array.from({ length: 4 }, () => world.sweepPolls.execute()));

    expect(sweeps.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(world.audits.map(([pollId]) => pollId).sort()).toEqual(['a', 'c']);
  });

  it('leaves polls of the first release alone', async () => {
    const { version: _, ...old } = aPoll({ pollId: 'old', closesAt: world.clock.now() + 10 });
    await world.polls.create(old);
    world.clock.advance(20);
    await world.sweepPolls.execute();

    expect(await world.polls.get('old')).toEqual(old);
    expect(await world.readResults.execute('old')).toMatchObject({ status: 'closed', final: true, stale: false });
    for (const refused of [
      world.castVote.execute('old', { choice: 'red', channel: 'web' }),
      world.closePoll.execute('old', { by: 'admin' }),
      world.recountPoll.execute('old'),
    ])
      await expect(refused).rejects.toEqual(refusal('VOTES_POLL_CLOSED'));
  });
});

describe('a recount', () => {
  it('replaces what the tally has by what the shards hold, also downwards', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    await world.tallies.put(tallyOf({ 0: 41 }, { revision: 9 }));

    expect(await world.recountPoll.execute('colors')).toEqual({ before: 41, after: 1, drift: -40 });
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 1, revision: 10 });
  });

  it('keeps what a fold brought in meanwhile', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    const readShards = world.ledger.readShards.bind(world.ledger);
    world.ledger.readShards = async (poll, regions) => {
      const images = await readShards(poll, regions);
      await world.castVote.execute('colors', { choice: 'blue', channel: 'web' });
      await world.foldShards.execute(await readShards(poll, regions));
      return images;
    };

    expect((await world.recountPoll.execute('colors')).after).toBe(2);
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 2 });
  });

  /** A tally that is too high, and a vote that comes after the recount has read the shards and before it stores them. */
  const givenVoteUnderTooHigh = async (meddle: () => Promise<unknown>): Promise<void> => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    await world.tallies.put(tallyOf(new Array(16).fill(100), { revision: 5 }));
    const { readShards } = world.ledger;
    world.ledger.readShards = async (poll, regions) => {
      world.ledger.readShards = readShards;
      const images = await world.ledger.readShards(poll, regions);
      await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
      await meddle();
      return images;
    };
  };

  it('leaves out no vote that was folded under a mark that was too high', async () => {
    await givenVoteUnderTooHigh(fold);

    expect(await world.recountPoll.execute('colors')).toEqual({ before: 1_600, after: 2, drift: -1_598 });
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 2 });
  });

  it('leaves out no vote that another recount counted meanwhile', async () => {
    await givenVoteUnderTooHigh(() => world.recountPoll.execute('colors'));

    expect((await world.recountPoll.execute('colors')).after).toBe(2);
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 2 });
  });

  it('audits a closed poll anew, also when an earlier recount changed its tally and did not come to that', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    await world.auditPoll.execute((await world.closePoll.execute('colors', { by: 'admin' })).after);
    const tally = (await world.tallies.get('colors')) as Tally;
    const marks = new Map([['local', (tally.marks.get('local') ?? []).map((counter) => ({ ...counter, ballots: 9 }))]]);
    await world.tallies.put({ ...tally, version: tally.version + 1, marks });
    const { poll, audit } = await world.auditPoll.execute((await world.polls.get('colors')) as Poll);
    expect([poll.audit, audit.drift]).toEqual([audit, 143]);

    const { countBallots } = world.ledger;
    world.ledger.countBallots = () => Promise.reject(new Error('too many'));
    await expect(world.recountPoll.execute('colors')).rejects.toThrow('too many');
    world.ledger.countBallots = countBallots;
    expect(await world.recountPoll.execute('colors')).toEqual({ before: 1, after: 1, drift: 0 });
    expect((await world.polls.get('colors'))?.audit).toMatchObject({ ballots: 1, tally: 1, drift: 0 });
  });

  it('never stores a tally without a vote that a check has called complete meanwhile', async () => {
    const stored: Tally[] = [];
    let votedAt = 0;
    await givenVoteUnderTooHigh(async () => {
      votedAt = world.clock.now();
      world.clock.advance(20_000);
      expect((await world.readResults.execute('colors')).completeUpTo).toBeGreaterThan(votedAt);
      const { put } = world.tallies;
      world.tallies.put = async (tally) => {
        stored.push(tally);
        return put.call(world.tallies, tally);
      };
    });

    await world.recountPoll.execute('colors');
    expect(stored.length).toBeGreaterThan(0);
    for (const { marks, completeUpTo } of stored)
      expect(completeUpTo > votedAt ? ballotsIn(marks) : 2).toBeGreaterThanOrEqual(2);
  });

  it('says what it lowered, and leaves out no vote, also where the answer of the store was lost', async () => {
    await givenVoteUnderTooHigh(async () => {
      await fold();
      const { put } = world.tallies;
      world.tallies.put = async (tally) => {
        world.tallies.put = put;
        await world.tallies.put(tally);
        return false;
      };
    });

    expect(await world.recountPoll.execute('colors')).toEqual({ before: 1_600, after: 2, drift: -1_598 });
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 2 });
  });

  it('keeps the votes in shards that were added while it began', async () => {
    const poll = await world.given();
    // Of a store that holds more shards than it was told of only those are read.
    const { readShards } = world.ledger;
    world.ledger.readShards = async (poll, regions) =>
      (await readShards.call(world.ledger, poll, regions)).filter(({ shard }) => shard < poll.shards);
    const getPoll = world.polls.get.bind(world.polls);
    world.polls.get = async (pollId) => {
      const read = await getPoll(pollId);
      world.polls.get = getPoll;
      const grown = (await world.polls.growShards(poll.pollId, 1_000)) as typeof poll;
      for (let vote = 0; vote < 50; vote++) await world.castVote.castIn(grown, { choice: 'red', channel: 'web' });
      await fold();
      return read;
    };

    expect((await world.recountPoll.execute('colors')).after).toBe(50);
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 50 });
  });

  it('of every poll tells of each, and lets none that fails keep another from it', async () => {
    for (const pollId of ['a', 'b', 'c']) {
      await world.given({ pollId });
      await world.castVote.execute(pollId, { choice: 'red', channel: 'web' });
    }
    const get = world.tallies.get.bind(world.tallies);
    world.tallies.get = async (pollId) => {
      if (pollId === 'b') throw new Error('no tally today');
      return get(pollId);
    };
    const told = new Map<string, number>();

    await expect(world.recountPoll.all((pollId, { drift }) => told.set(pollId, drift))).rejects.toMatchObject({
      errors: [new Error('no tally today')],
    });
    expect(Object.fromEntries(told)).toEqual({ a: 1, c: 1 });
    for (const pollId of ['a', 'c']) expect(await world.readResults.execute(pollId)).toMatchObject({ total: 1 });
  });
});

describe('folding', () => {
  it('gives up as unavailable when the tally never holds still, so that the batch comes again', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', channel: 'web' });
    world.tallies.put = async () => false;

    await expect(fold()).rejects.toEqual(refusal('STORE_UNAVAILABLE'));
  });

  it('folds the images of many polls in one batch', async () => {
    for (const pollId of ['a', 'b']) {
      await world.given({ pollId });
      await world.castVote.execute(pollId, { choice: 'red', channel: 'web' });
    }
    const images = await Promise.all(
      ['a', 'b'].map(async (pollId) => world.ledger.readShards((await world.polls.get(pollId)) as never, [])),
    );
    const changed = await world.foldShards.execute(images.flat());

    expect(changed.map(({ pollId, revision }) => [pollId, revision])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(await world.foldShards.execute(images.flat())).toEqual([]);
    for (const pollId of ['a', 'b']) expect(await world.readResults.execute(pollId)).toMatchObject({ total: 1 });
  });
});
