import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { eventually } from '../helpers/eventually.ts';
import { seededRandom } from '../helpers/fakes.ts';
import type { Member } from '../helpers/fleet.ts';
import { ResultsModel } from '../helpers/results-model.ts';
import { type Fate, FaultyProxy } from '../helpers/servers/faulty-proxy.ts';
import { VotingFleet } from '../helpers/voting-fleet.ts';

const VOTERS = 8;
const HOUR = 3_600_000;

/** Lets the test step the wall clock of a process: SIGWINCH, which means nothing to a service, puts it an hour ahead, then back, then an hour behind, and so on. */
const STEPPING_CLOCK = `
  const Right = Date;
  const steps = [${HOUR}, 0, ${-HOUR}, 0];
  let ahead = 0;
  let taken = 0;
  globalThis.Date = class extends Right {
    constructor(...parts) { if (parts.length > 0) super(...parts); else super(Right.now() + ahead); }
    static now() { return Right.now() + ahead; }
  };
  process.on('SIGWINCH', () => { ahead = steps[taken++ % steps.length]; });`;

/** What may happen to the store's answers on their way to one process. */
const FATES: readonly Fate[] = ['lose request', 'lose answer', 'garble answer', { delayMs: 700 }];

export interface ScheduleReport {
  readonly votes: number;
  readonly answers: number;
  readonly worstAgeMs: number;
}

/**
 * Plays a schedule of faults on three processes while votes come in, and holds every answer of results to what was sent:
 * processes are stopped, go on, are killed; the clock of one steps by an hour; the streams of one bring nothing; the store
 * of another is slow and loses answers.
 */
export async function playFaults(endpoint: string, seed: number, seconds: number): Promise<ScheduleReport> {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
  const fleet = await VotingFleet.onNewTables(endpoint);
  const [store, deadStreams] = await Promise.all([FaultyProxy.start(endpoint), FaultyProxy.start(endpoint)]);
  deadStreams.fate = ({ operation }) => (operation === 'GetRecords' ? { status: 500, body: '{}' } : 'pass');
  const stepping = await fleet.add({}, STEPPING_CLOCK);
  const harassed = await fleet.add({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  const blind = await fleet.add({ AWS_ENDPOINT_URL_DYNAMODB: deadStreams.endpoint });
  const all = [stepping, harassed, blind];
  await fleet.createPoll();

  const model = new ResultsModel();
  const endsAt = performance.now() + seconds * 1_000;
  const isOver = (): boolean => performance.now() > endsAt;
  const stopped = new Set<Member>();
  const awake = (): readonly Member[] => all.filter((member) => !stopped.has(member));

  const voting = Array.from({ length: VOTERS }, async (_, voter) => {
    while (!isOver()) {
      await fleet.vote(model, all);
      await delay(voter * 10);
    }
  });
  let answers = 0;
  const reading = Array.from({ length: 2 }, async () => {
    while (!isOver()) {
      const answer = await model.check(() => fleet.results(pick(awake())));
      if (answer) answers++;
      await delay(50);
    }
  });
  const faults = {
    stop: async () => {
      const victim = pick(awake());
      if (stopped.size > 0) return;
      stopped.add(victim);
      victim.server.kill('SIGSTOP');
      await delay(2_000 + random.next() * 10_000);
      victim.server.kill('SIGCONT');
      stopped.delete(victim);
    },
    kill: async () => {
      const victim = pick(awake());
      stopped.add(victim);
      await fleet.killAndRestart(victim);
      stopped.delete(victim);
    },
    step: async () => stepping.server.kill('SIGWINCH'),
    trouble: async () => {
      store.fate = () => (random.next() < 0.3 ? pick(FATES) : 'pass');
      await delay(5_000);
      store.reset();
    },
  };
  while (!isOver()) {
    await faults[pick(['stop', 'kill', 'step', 'step', 'trouble'] as const)]();
    await delay(500 + random.next() * 1_500);
  }
  await Promise.all([...voting, ...reading]);

  store.reset();
  const { audit } = await fleet.close(blind);
  const last = await eventually(
    () => model.check(() => fleet.results(stepping)),
    (answer) => answer?.final === true,
    30_000,
  );
  expect({ seed, lies: model.lies }).toEqual({ seed, lies: [] });
  expect(audit).toMatchObject({ ballots: model.accepted, shards: model.accepted, tally: model.accepted, drift: 0 });
  expect(last).toMatchObject({ ballots: model.accepted, final: true, stale: false });
  await fleet.stop();
  await Promise.all([store.stop(), deadStreams.stop()]);
  return { votes: model.accepted, answers, worstAgeMs: model.worstAgeMs };
}
