import { beforeEach, describe, expect, it } from '@jest/globals';
import { emptyTally } from '../../../src/domain/votes/tally.ts';
import { refusal, votesWorld } from '../../helpers/votes-world.ts';

let world: ReturnType<typeof votesWorld>;
beforeEach(() => {
  world = votesWorld();
});

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

  it('keeps the counters of one poll within 2,000', async () => {
    const choices = Array.from({ length: 100 }, (_, index) => `choice ${index}`);
    expect((await world.given({ choices, pollId: 'wide' })).shards).toBe(16);
    const narrow = votesWorld();
    expect((await narrow.given({ choices: choices.slice(0, 2) })).shards).toBe(16);
    const { CreatePoll } = await import('../../../src/domain/votes/create-poll.ts');
    const create = new CreatePoll(world.polls, world.clock, { next: () => 'x' }, 1_000);
    expect((await create.execute({ question: '?', choices })).shards).toBe(20);
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
    const result = await world.castVote.execute('colors', { choice: ' red! ', voter: 'ann' });

    expect(result).toEqual({
      choice: 'RED',
      replayed: false,
      ballot: {
        pollId: 'colors',
        voteId: 'id-1',
        choice: 0,
        voter: 'pseudonym of ann in colors',
        acceptedAt: world.clock.now(),
      },
    });
  });

  it('answers a repeat as the first time, hours later and after the close', async () => {
    await world.given();
    const vote = { choice: 'red', voteId: 'v1', voter: 'ann' };
    const { ballot } = await world.castVote.execute('colors', vote);
    world.clock.advance(3_600_000);

    expect(await world.castVote.execute('colors', vote)).toEqual({ ballot, choice: 'RED', replayed: true });
    await world.closePoll.execute('colors');
    expect(await world.castVote.execute('colors', vote)).toEqual({ ballot, choice: 'RED', replayed: true });
    expect(await world.ledger.countBallots('colors')).toBe(1);
  });

  it.each([
    ['another choice', { choice: 'green', voter: 'ann' }],
    ['another voter', { choice: 'red', voter: 'bob' }],
    ['no voter', { choice: 'red' }],
    ['an unknown word', { choice: 'mauve', voter: 'ann' }],
  ])('refuses an identity that comes again with %s, before and after the close', async (_, other) => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red', voteId: 'v1', voter: 'ann' });
    const again = () => world.castVote.execute('colors', { ...other, voteId: 'v1' });

    await expect(again()).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
    await world.closePoll.execute('colors');
    await expect(again()).rejects.toEqual(refusal('IDEMPOTENCY_KEY_REUSED'));
  });

  it('counts from opensAt on and no more from closesAt on, to the millisecond', async () => {
    const start = world.clock.now();
    await world.given({ opensAt: start + 10, closesAt: start + 20 });
    const vote = () => world.castVote.execute('colors', { choice: 'red' });

    world.clock.advance(9);
    await expect(vote()).rejects.toEqual(refusal('VOTES_POLL_NOT_OPEN'));
    world.clock.advance(1);
    await vote();
    world.clock.advance(9);
    await vote();
    world.clock.advance(1);
    await expect(vote()).rejects.toEqual(refusal('VOTES_POLL_CLOSED'));
    expect(await world.ledger.countBallots('colors')).toBe(2);
  });

  it('takes one vote of each voter where the poll says so', async () => {
    await world.given({ voterLimit: 'one' });
    await world.castVote.execute('colors', { choice: 'red', voter: 'ann' });

    await expect(world.castVote.execute('colors', { choice: 'blue', voter: 'ann' })).rejects.toEqual(
      refusal('VOTES_ALREADY_VOTED'),
    );
    await expect(world.castVote.execute('colors', { choice: 'blue' })).rejects.toEqual(refusal('INVALID_REQUEST'));
    await world.castVote.execute('colors', { choice: 'blue', voter: 'bob' });
    expect(await world.ledger.countBallots('colors')).toBe(2);
  });

  it('refuses what is no choice, and a poll that is not there', async () => {
    await world.given();
    await expect(world.castVote.execute('colors', { choice: '__proto__' })).rejects.toEqual(
      refusal('VOTES_UNKNOWN_CHOICE'),
    );
    await expect(world.castVote.execute('__proto__', { choice: 'red' })).rejects.toEqual(
      refusal('VOTES_POLL_NOT_FOUND'),
    );
  });
});

describe('a vote by SMS', () => {
  const sms = (text: string, fields: object = {}) =>
    world.takeSmsVote.execute({ messageId: `SM-${text}`, to: '+15550001111', from: '+15557770000', text, ...fields });

  it('counts in the newest poll of the number, else in the default poll', async () => {
    await world.given();
    expect(await sms('red')).toEqual({ kind: 'counted', choice: 'RED' });
    await world.given({ pollId: 'pets', choices: ['CAT', 'DOG'], smsNumber: '+15550001111' });

    expect(await sms('Cat 🐈')).toEqual({ kind: 'counted', choice: 'CAT' });
    expect(await sms('green')).toEqual({ kind: 'unknown-word', choices: ['CAT', 'DOG'] });
    expect(await sms('green', { to: '+15550002222' })).toEqual({ kind: 'counted', choice: 'GREEN' });
  });

  it('answers a message that is delivered again as the first time, also after the close', async () => {
    await world.given({ voterLimit: 'one' });
    const first = await sms('red');
    await world.closePoll.execute('colors');

    expect(await sms('red')).toEqual(first);
    expect(await world.ledger.countBallots('colors')).toBe(1);
  });

  it('tells a second message of a voter who has one vote that the first counts', async () => {
    await world.given({ voterLimit: 'one' });
    await sms('red');

    expect(await sms('green')).toEqual({ kind: 'already-voted' });
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
    expect(await sms('red')).toEqual({ kind: 'poll-not-open' });
    expect(await sms('mauve')).toMatchObject({ kind: 'unknown-word' });
    await world.closePoll.execute('colors');
    expect(await sms('red')).toEqual({ kind: 'poll-closed' });
    expect(await sms('mauve')).toEqual({ kind: 'poll-closed' });
  });
});

describe('reading results', () => {
  it('shows what the tally has, in the order of the poll, with shares of four decimals', async () => {
    await world.given();
    for (const choice of ['blue', 'red', 'blue']) await world.castVote.execute('colors', { choice });
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
      revision: 1,
      asOf: world.clock.now(),
      lagMs: 40,
    });
  });

  it('hides every figure until the close where the poll says so', async () => {
    await world.given({ hideUntilClose: true });
    await world.castVote.execute('colors', { choice: 'red' });
    await fold();

    const hidden = await world.readResults.execute('colors');
    expect(hidden).toMatchObject({ hidden: true, total: null, revision: null, lagMs: null });
    expect(hidden.choices[0]).toEqual({ choice: 'RED', votes: null, share: null });
    await world.closePoll.execute('colors');
    expect(await world.readResults.execute('colors')).toMatchObject({ hidden: false, total: 1, status: 'closed' });
  });
});

describe('closing a poll', () => {
  it('refuses later votes, and the audit agrees though nothing was folded before', async () => {
    await world.given();
    for (let vote = 0; vote < 25; vote++) await world.castVote.execute('colors', { choice: 'green' });
    const poll = await world.closePoll.execute('colors');

    await expect(world.castVote.execute('colors', { choice: 'red' })).rejects.toEqual(refusal('VOTES_POLL_CLOSED'));
    expect(await world.auditPoll.execute(poll)).toEqual({ ballots: 25, shards: 25, tally: 25, drift: 0 });
  });

  it('meets a vote that read the poll before the close at the marked shard', async () => {
    const before = await world.given();
    await world.closePoll.execute('colors');

    await expect(world.castVote.in(before, { choice: 'red' })).rejects.toEqual(refusal('VOTES_POLL_CLOSED'));
    expect(await world.ledger.countBallots('colors')).toBe(0);
  });

  it('shows a tally that counts too much as drift', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red' });
    await world.tallies.put({ ...emptyTally('colors'), revision: 1, marks: new Map([['2.local#0', 5]]) }, 0);
    const poll = await world.closePoll.execute('colors');

    expect(await world.auditPoll.execute(poll)).toEqual({ ballots: 1, shards: 1, tally: 6, drift: 5 });
  });

  it('closes what is due, and only that', async () => {
    const start = world.clock.now();
    await world.given({ pollId: 'due', closesAt: start + 10 });
    await world.given({ pollId: 'later', closesAt: start + 20 });
    const due = await world.polls.get('due');
    world.clock.advance(15);
    await world.closePoll.closeDue();

    expect((await world.polls.get('due'))?.closedAt).toBe(start + 15);
    expect((await world.polls.get('later'))?.closedAt).toBeUndefined();
    if (due) expect(await world.ledger.record(due, { ...ballotOf('due'), voteId: 'x' })).toEqual({ kind: 'closed' });
  });

  it('closes a scheduled poll too', async () => {
    await world.given({ opensAt: world.clock.now() + 1_000 });
    await world.closePoll.execute('colors');
    world.clock.advance(2_000);

    expect((await world.readResults.execute('colors')).status).toBe('closed');
  });
});

describe('a recount', () => {
  it('replaces what the tally has by what the shards hold, also downwards', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red' });
    await world.tallies.put({ ...emptyTally('colors'), revision: 9, marks: new Map([['0.local#0', 41]]) }, 0);

    expect(await world.recountPoll.execute('colors')).toEqual({ before: 41, after: 1, drift: -40 });
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 1, revision: 10 });
  });

  it('keeps what a fold brought in meanwhile', async () => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red' });
    const readShards = world.ledger.readShards.bind(world.ledger);
    world.ledger.readShards = async (poll, regions) => {
      const images = await readShards(poll, regions);
      await world.castVote.execute('colors', { choice: 'blue' });
      await world.foldShards.execute(await readShards(poll, regions));
      return images;
    };

    expect((await world.recountPoll.execute('colors')).after).toBe(2);
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 2 });
  });

  /** A tally that is too high, and a vote that comes after the recount has read the shards and before it stores them. */
  const givenVoteUnderTooHigh = async (meddle: () => Promise<unknown>): Promise<void> => {
    await world.given();
    await world.castVote.execute('colors', { choice: 'red' });
    const marks = new Map(Array.from({ length: 16 }, (_, shard) => [`0.local#${shard}`, 100]));
    await world.tallies.put({ ...emptyTally('colors'), revision: 5, marks }, 0);
    const { readShards } = world.ledger;
    world.ledger.readShards = async (poll, regions) => {
      world.ledger.readShards = readShards;
      const images = await world.ledger.readShards(poll, regions);
      await world.castVote.execute('colors', { choice: 'red' });
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

  it('says what it lowered, and leaves out no vote, also where the answer of the store was lost', async () => {
    await givenVoteUnderTooHigh(async () => {
      await fold();
      const { put } = world.tallies;
      world.tallies.put = async (tally, revision) => {
        world.tallies.put = put;
        await world.tallies.put(tally, revision);
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
      for (let vote = 0; vote < 50; vote++) await world.castVote.in(grown, { choice: 'red' });
      await fold();
      return read;
    };

    expect((await world.recountPoll.execute('colors')).after).toBe(50);
    expect(await world.readResults.execute('colors')).toMatchObject({ total: 50 });
  });

  it('of every poll tells of each, and lets none that fails keep another from it', async () => {
    for (const pollId of ['a', 'b', 'c']) {
      await world.given({ pollId });
      await world.castVote.execute(pollId, { choice: 'red' });
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
    await world.castVote.execute('colors', { choice: 'red' });
    world.tallies.put = async () => false;

    await expect(fold()).rejects.toEqual(refusal('STORE_UNAVAILABLE'));
  });

  it('folds the images of many polls in one batch', async () => {
    for (const pollId of ['a', 'b']) {
      await world.given({ pollId });
      await world.castVote.execute(pollId, { choice: 'red' });
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

const ballotOf = (pollId: string) => ({ pollId, choice: 0, acceptedAt: world.clock.now() });
