import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryPollStore } from '../../../src/adapters/memory/poll-store.ts';
import { MemoryTallyStore } from '../../../src/adapters/memory/tally-store.ts';
import { AuditPoll } from '../../../src/domain/votes/audit-poll.ts';
import { CheckTally } from '../../../src/domain/votes/check-tally.ts';
import { ClosePoll } from '../../../src/domain/votes/close-poll.ts';
import { FoldShards } from '../../../src/domain/votes/fold-shards.ts';
import type { Poll } from '../../../src/domain/votes/poll.ts';
import { ReadResults } from '../../../src/domain/votes/read-results.ts';
import { FakeClock, seededRandom } from '../../helpers/fakes.ts';
import { LwwReplicas, ReplicatedLedger } from '../../helpers/lww-replicas.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';

const REGIONS = ['ap-south-1', 'eu-west-1', 'us-east-1'];
const VOTERS = 12;
const poll = aPoll({ shards: 3, voterLimit: 'one' });

/** A deployment in several regions: the table of votes is shared as copies, polls and tallies are each region's own. */
function deployment(seed: number, counters?: string) {
  const replicas = new LwwReplicas(REGIONS);
  const clock = new FakeClock();
  const random = seededRandom(seed);
  const cutOff = new Set<string>();
  const accepted: { readonly region: string; readonly choice: number; readonly voter: string }[] = [];
  const regions = REGIONS.map((region) => {
    const ledger = new ReplicatedLedger(replicas, region, random, { counters });
    const polls = new MemoryPollStore([poll]);
    const tallies = new MemoryTallyStore();
    const foldShards = new FoldShards(tallies, clock);
    const checkTally = new CheckTally(polls, ledger, tallies, clock, () => undefined);
    const closePoll = new ClosePoll(polls, ledger, clock);
    const auditPoll = new AuditPoll(polls, ledger, tallies, checkTally, clock);
    const readResults = new ReadResults(polls, tallies, checkTally, clock);
    return {
      region,
      cast: async (choice: number, voter: string, ballotId: string) => {
        const { kind } = await ledger.record(
          poll,
          aBallot(ballotId, { choices: [choice], voter, acceptedAt: clock.now() }),
        );
        if (kind === 'counted') accepted.push({ region, choice, voter });
      },
      /** The stream delivers some of what it has, from any point on. */
      fold: async () => {
        const images = ledger.images();
        await foldShards.execute(images.slice(Math.floor(random.next() * images.length)));
      },
      close: async (withoutRegions?: string[]) =>
        auditPoll.execute((await closePoll.execute('colors', { by: 'admin', withoutRegions })).after),
      audit: async () => auditPoll.execute((await polls.get('colors')) as Poll),
      results: () => readResults.execute('colors'),
      foldAll: () => foldShards.execute(ledger.images()),
    };
  });
  return { replicas, clock, random, cutOff, accepted, regions };
}

type Step = {
  readonly kind: 'vote' | 'fold' | 'deliver' | 'cut' | 'join';
  readonly region: number;
  readonly n: number;
};

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('vote', 'vote', 'vote', 'fold', 'deliver', 'deliver', 'cut', 'join'),
    region: fc.nat(REGIONS.length - 1),
    n: fc.nat(1_000),
  }) as fc.Arbitrary<Step>,
  { minLength: 10, maxLength: 80 },
);

async function play(world: ReturnType<typeof deployment>, schedule: readonly Step[]): Promise<void> {
  for (const [index, { kind, region, n }] of schedule.entries()) {
    const here = world.regions[region] as (typeof world.regions)[number];
    world.clock.advance(100);
    if (kind === 'vote') await here.cast(n % 3, `voter${n % VOTERS}`, `${here.region}-${index}`);
    if (kind === 'fold') await here.fold();
    if (kind === 'deliver') world.replicas.deliverOne(world.random, (name) => world.cutOff.has(name));
    if (kind === 'cut') world.cutOff.add(here.region);
    if (kind === 'join') world.cutOff.delete(here.region);
  }
}

const truth = (accepted: ReturnType<typeof deployment>['accepted'], region?: string): number[] =>
  [0, 1, 2].map(
    (choice) => accepted.filter((vote) => vote.choice === choice && (region ?? vote.region) === vote.region).length,
  );

describe('several regions that replicate as last-writer-wins copies', () => {
  it('come to the same tally, the truth, once everything has arrived, whatever was late, doubled or reordered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), steps, async (seed, schedule) => {
        const world = deployment(seed);
        await play(world, schedule);
        world.replicas.deliverAll();
        for (const region of world.regions) {
          await region.foldAll();
          const { choices, total } = await region.results();
          expect(choices.map(({ votes }) => votes)).toEqual(truth(world.accepted));
          expect(total).toBe(world.accepted.length);
        }
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('would lose votes if they shared counters, which shows that this test can tell', async () => {
    let wrong = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), steps, async (seed, schedule) => {
        const world = deployment(seed, 'shared');
        await play(world, schedule);
        world.replicas.deliverAll();
        await world.regions[0]?.foldAll();
        if ((await world.regions[0]?.results())?.total !== world.accepted.length) wrong++;
      }),
      { numRuns: 200, seed: 1 },
    );
    expect(wrong).toBeGreaterThan(50);
  }, 60_000);

  it('each have an audit that is exact by itself, in the middle of a partition too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), steps, fc.nat(REGIONS.length - 1), async (seed, schedule, first) => {
        const world = deployment(seed);
        await play(world, schedule);
        const { region, close } = world.regions[first] as (typeof world.regions)[number];
        const { audit } = await close();

        const own = world.accepted.filter((vote) => vote.region === region).length;
        expect(audit).toMatchObject({ ballots: own, shards: own, tally: own, drift: 0 });
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('are final together: each once it knows that all are closed, and with the voters counted who voted twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), steps, async (seed, schedule) => {
        const world = deployment(seed);
        await play(world, schedule);
        world.replicas.deliverAll();
        const seen = new Set(world.accepted.map(({ region }) => region));
        for (const region of world.regions) {
          await region.foldAll();
          await region.close();
          const others = [...seen].filter((name) => name !== region.region);
          const stillOpen = others.some(
            (name) => world.regions.findIndex((r) => r.region === name) > world.regions.indexOf(region),
          );
          world.replicas.deliverAll();
          expect((await region.results()).final).toBe(!stillOpen);
        }
        for (const region of world.regions) {
          await region.foldAll();
          const { audit, poll } = await region.audit();
          expect(poll.audit).toEqual(audit);
          const voters = world.accepted.map(({ voter }) => voter);
          const doubled = voters.filter(
            (voter, index) => voters.indexOf(voter) === index && voters.lastIndexOf(voter) > index,
          );
          expect(audit).toMatchObject({ drift: 0, doubleVoters: doubled.length });
          expect(await region.results()).toMatchObject({ final: true, total: world.accepted.length });
        }
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('can end their count without a region that is lost, and say so', async () => {
    const world = deployment(1);
    const [lost, ...others] = world.regions;
    await lost?.cast(0, 'ann', 'l1');
    world.replicas.deliverAll();
    world.cutOff.add(lost?.region as string);
    for (const region of others) {
      await region.cast(1, 'bob', `${region.region}-1`);
      await region.foldAll();
    }
    for (const region of others) await region.close();
    world.replicas.deliverAll();
    for (const region of others) {
      await region.foldAll();
      expect((await region.audit()).poll.audit).toBeUndefined();
      const { poll } = await region.close([lost?.region as string]);
      expect(poll.audit).toMatchObject({ withoutRegions: [lost?.region], drift: 0, doubleVoters: 1 });
      expect(await region.results()).toMatchObject({
        final: true,
        total: 3,
        regions: expect.arrayContaining([{ region: lost?.region, open: true }]),
      });
    }
  });
});
