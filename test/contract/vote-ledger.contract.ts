import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Poll } from '../../src/domain/votes/poll.ts';
import { ballotsIn, marksOf, type ShardImage, totalsOf } from '../../src/domain/votes/tally.ts';
import type { VoteLedger } from '../../src/ports/votes.ts';
import { aPoll, aBallot as ballot } from '../helpers/votes.ts';

const NOW = Date.UTC(2026, 0, 1);
const poll = aPoll();

/** @param make a new, empty ledger */
export function describeVoteLedger(name: string, make: () => Promise<VoteLedger>): void {
  describe(`VoteLedger: ${name}`, () => {
    let ledger: VoteLedger;
    const shards = (of: Poll = poll): Promise<readonly ShardImage[]> => ledger.readShards(of, []);
    const counted = async (of: Poll = poll): Promise<number> => ballotsIn(marksOf(await shards(of)));
    const ballots = async (of: Poll = poll): Promise<number> => (await ledger.countBallots(of, [])).ballots;
    beforeEach(async () => {
      ledger = await make();
    });

    it('counts a ballot in one shard, and its choice in it', async () => {
      for (let vote = 0; vote < 20; vote++)
        expect(await ledger.record(poll, ballot(`v${vote}`, { choices: [vote % 2] }))).toEqual({ kind: 'counted' });

      const images = await shards();
      expect(totalsOf(marksOf(images), 3)).toEqual({ votes: [10, 10, 0], ballots: 20 });
      for (const { shard, pollId, lastVoteAt } of images.filter(({ ballots }) => ballots > 0)) {
        expect(shard).toBeGreaterThanOrEqual(0);
        expect(shard).toBeLessThan(poll.shards);
        expect({ pollId, lastVoteAt }).toEqual({ pollId: 'colors', lastVoteAt: NOW });
      }
      expect(await ballots()).toBe(20);
    });

    it('counts a repeated identity once and gives back the first ballot', async () => {
      const first = ballot('v', { voter: 'ann' });
      await ledger.record(poll, first);

      expect(await ledger.record(poll, ballot('v', { choices: [2], acceptedAt: NOW + 5 }))).toEqual({
        kind: 'repeated',
        ballot: first,
      });
      expect(await counted()).toBe(1);
      expect(await ledger.find('colors', 'v')).toEqual(first);
    });

    it('counts one of many copies that arrive at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 12 }, () => ledger.record(poll, ballot('v'))));

      expect(outcomes.filter(({ kind }) => kind === 'counted')).toHaveLength(1);
      expect(outcomes.filter(({ kind }) => kind === 'repeated')).toHaveLength(11);
      expect([await counted(), await ballots()]).toEqual([1, 1]);
    });

    it('tells polls and identities apart, whatever characters they are made of', async () => {
      const ids = ['a', 'a#b', 'A', ' ', '__proto__', 'constructor', '~', 'x'.repeat(128)];
      for (const voteId of ids) await ledger.record(poll, ballot(voteId));
      await ledger.record({ ...poll, pollId: 'colors-2' }, ballot('a', { pollId: 'colors-2' }));

      expect(await ballots()).toBe(ids.length);
      expect(await counted()).toBe(ids.length);
      for (const voteId of ids) expect((await ledger.find('colors', voteId))?.ballotId).toBe(voteId);
      expect(await ledger.find('colors', 'b')).toBeUndefined();
      expect(await ledger.find('none', 'a')).toBeUndefined();
      expect(await ballots(aPoll({ pollId: 'none' }))).toBe(0);
    });

    it('holds a voter to one vote where the poll says so, and only there', async () => {
      const limited: Poll = { ...poll, pollId: 'limited', voterLimit: 'one' };
      const vote = (voteId: string, voter: string) =>
        ledger.record(limited, ballot(voteId, { pollId: 'limited', voter }));

      expect(await vote('v1', 'ann')).toEqual({ kind: 'counted' });
      expect(await vote('v2', 'ann')).toEqual({ kind: 'already-voted' });
      expect((await vote('v1', 'ann')).kind).toBe('repeated');
      expect(await vote('v3', 'bob')).toEqual({ kind: 'counted' });
      expect(await ballots(limited)).toBe(2);
      expect(await counted(limited)).toBe(2);

      await ledger.record(poll, ballot('v1', { voter: 'ann' }));
      expect(await ledger.record(poll, ballot('v2', { voter: 'ann' }))).toEqual({ kind: 'counted' });
    });

    it('counts one vote of a voter who sends many at once', async () => {
      const limited: Poll = { ...poll, pollId: 'limited', voterLimit: 'one' };
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          ledger.record(limited, ballot(`v${index}`, { pollId: 'limited', voter: 'ann' })),
        ),
      );

      expect(outcomes.filter(({ kind }) => kind === 'counted')).toHaveLength(1);
      expect([await counted(limited), await ballots(limited)]).toEqual([1, 1]);
    });

    it('counts nothing in closed shards, also in those that had no vote; what was counted stays', async () => {
      const limited: Poll = { ...poll, voterLimit: 'one' };
      await ledger.record(limited, ballot('v1', { voter: 'ann' }));
      await ledger.closeShards(limited);
      await ledger.closeShards(limited);

      for (let vote = 0; vote < 10; vote++)
        expect(
          await ledger.record(limited, ballot(`late${vote}`, { choices: [vote % 3], voter: `bob${vote}` })),
        ).toEqual({
          kind: 'closed',
        });
      expect(await ledger.record(limited, ballot('v9', { voter: 'ann' }))).toEqual({ kind: 'closed' });
      expect((await ledger.record(limited, ballot('v1', { voter: 'ann' }))).kind).toBe('repeated');
      expect([await counted(), await ballots()]).toEqual([1, 1]);
      expect(await ledger.find('colors', 'late0')).toBeUndefined();
    });

    it('lets no vote slip between the close and the audit', async () => {
      let stopped = false;
      const outcomes: string[] = [];
      const voters = Array.from({ length: 8 }, async (_, voter) => {
        for (let vote = 0; !stopped; vote++) {
          outcomes.push((await ledger.record(poll, ballot(`${voter}-${vote}`, { choices: [vote % 3] }))).kind);
          await new Promise(setImmediate);
        }
      });
      while (outcomes.length < 50) await new Promise(setImmediate);
      await ledger.closeShards(poll);
      const audit = [await ballots(), await counted()];
      stopped = true;
      await Promise.all(voters);

      const accepted = outcomes.filter((kind) => kind === 'counted').length;
      expect(audit).toEqual([accepted, accepted]);
      expect([await ballots(), await counted()]).toEqual(audit);
    });

    it('closes every shard with the number of shards that there are', async () => {
      await ledger.record(poll, ballot('v1'));
      await ledger.closeShards(poll);

      expect((await shards()).map(({ shard, closed }) => [shard, closed]).sort()).toEqual(
        [0, 1, 2, 3].map((n) => [n, 4]),
      );
    });

    it('counts every choice that a ballot names, and the ballot once', async () => {
      await ledger.record(poll, ballot('v1', { choices: [0, 2] }));
      await ledger.record(poll, ballot('v2', { choices: [2] }));

      expect(totalsOf(marksOf(await shards()), 3)).toEqual({ votes: [1, 0, 2], ballots: 2 });
      expect(await ledger.find('colors', 'v1')).toEqual(ballot('v1', { choices: [0, 2] }));
    });

    it('counts a text message once, whatever poll it comes to', async () => {
      const other = aPoll({ pollId: 'next' });
      const inOther = ballot('v1', { pollId: 'next', channel: 'sms' });

      expect(await ledger.findMessage('m1')).toBeUndefined();
      expect(await ledger.record(poll, ballot('v1', { channel: 'sms' }), 'm1')).toEqual({ kind: 'counted' });
      expect(await ledger.record(other, inOther, 'm1')).toEqual({ kind: 'message-counted', pollId: 'colors' });
      expect((await ledger.record(poll, ballot('v1'), 'm1')).kind).toBe('repeated');
      expect(await ledger.findMessage('m1')).toBe('colors');
      expect([await ballots(other), await counted(other)]).toEqual([0, 0]);
      expect(await ledger.record(other, inOther, 'm2')).toEqual({ kind: 'counted' });
    });

    it('tells of a message that was counted before it tells of the close and of the voter', async () => {
      const limited = aPoll({ pollId: 'limited', voterLimit: 'one' });
      const vote = (id: string, message: string) =>
        ledger.record(limited, ballot(id, { pollId: 'limited', voter: 'ann' }), message);
      await ledger.record(poll, ballot('m'), 'm1');
      await vote('v1', 'm2');

      expect((await vote('v2', 'm1')).kind).toBe('message-counted');
      expect((await vote('v2', 'm3')).kind).toBe('already-voted');
      await ledger.closeShards(limited);
      expect((await vote('v3', 'm1')).kind).toBe('message-counted');
      expect((await vote('v3', 'm4')).kind).toBe('closed');
    });

    it('counts on in more shards after the poll grew', async () => {
      await ledger.record({ ...poll, shards: 1 }, ballot('v1'));
      const grown = { ...poll, shards: 64 };
      for (let vote = 0; vote < 30; vote++) await ledger.record(grown, ballot(`w${vote}`));

      const images = await shards(grown);
      expect(ballotsIn(marksOf(images))).toBe(31);
      expect(Math.max(...images.filter(({ ballots }) => ballots > 0).map(({ shard }) => shard))).toBeGreaterThan(3);
    });
  });
}
