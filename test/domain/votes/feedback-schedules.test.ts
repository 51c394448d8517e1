import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryAnswerStore } from '../../../src/adapters/memory/answer-store.ts';
import { MemoryChangeFeed } from '../../../src/adapters/memory/change-feed.ts';
import { MemoryPollStore } from '../../../src/adapters/memory/poll-store.ts';
import { MemoryVoteLedger } from '../../../src/adapters/memory/vote-ledger.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import type { Effect } from '../../../src/domain/shared/reaction.ts';
import {
  type Feedback,
  type FeedbackChange,
  type FeedbackRef,
  feedbackReaction,
} from '../../../src/domain/votes/feedback.ts';
import { NotifyFeedback } from '../../../src/domain/votes/notify-feedback.ts';
import type { AnswerStore, Delivery, FeedbackReceiver } from '../../../src/ports/votes.ts';
import { countingIds, FakeClock, seededRandom } from '../../helpers/fakes.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';

const ROUNDS = 150;
const QUIET_S = 60;
const MAX_S = 300;
const poll = aPoll({
  questions: [{ id: 'why', text: 'Why?' }],
  notify: { slack: true, quietSeconds: QUIET_S, maxSeconds: MAX_S },
});
const terms = { receiver: 'slack', quietSeconds: QUIET_S, maxSeconds: MAX_S } as const;
/** A bot whose message is gone asks twice, for 8 s each. */
const MAX_CALL_S = 16;
/** After which a task whose process says nothing goes to another one. */
const LEASE_S = 60;
const BALLOTS = ['a', 'b', 'c'];

const delivery = fc.constantFrom<Delivery>(
  { kind: 'told' },
  { kind: 'told' },
  { kind: 'unknown', error: 'lost' },
  { kind: 'unreached', error: 'away' },
  { kind: 'wait', retryAfterMs: 2_000, error: '429' },
);

const schedule = fc.record({
  votes: fc.uniqueArray(fc.constantFrom(...BALLOTS), { minLength: 1 }),
  answers: fc.array(fc.record({ ballot: fc.constantFrom(...BALLOTS), at: fc.nat(1_200) }), { maxLength: 12 }),
  deliveries: fc.array(
    fc.record({ outcome: delivery, arrives: fc.boolean(), dies: fc.nat(9), takes: fc.nat(MAX_CALL_S) }),
    { maxLength: 15 },
  ),
  /** How long a process stands still, s, once it has stored that it sends. */
  stops: fc.array(fc.constantFrom(0, 0, 0, 0, 5, 15, 45), { maxLength: 15 }),
});

interface Message {
  readonly at: number;
  readonly ballot: string;
  readonly revision: number;
  readonly isMarked: boolean;
  readonly told: number | undefined;
}

/**
 * Runs a schedule in simulated time, a second at a time, until every effect is done. Effects that are due run beside each
 * other, and one whose process stands still for longer than its lease runs again.
 */
async function play({ votes, answers, deliveries, stops }: Schedule, isNaive = false) {
  const clock = new FakeClock();
  const begin = clock.now();
  const effects = new Map<string, { readonly ref: FeedbackRef; dueAt: number }>();
  const sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  const sleep = (seconds: number) =>
    new Promise<void>((wake) => {
      if (seconds === 0) wake();
      else sleepers.push({ until: clock.now() + seconds * 1_000, wake });
    });
  const reaction = feedbackReaction('local');
  const take = ({ id, payload, delaySeconds }: Effect) => {
    if (!done.has(id) && !effects.has(id))
      effects.set(id, { ref: payload as FeedbackRef, dueAt: clock.now() + delaySeconds * 1_000 });
  };
  const done = new Set<string>();
  const feeds = [new MemoryChangeFeed<FeedbackChange>(), new MemoryChangeFeed<FeedbackChange>()] as const;
  const ledger = new MemoryVoteLedger(seededRandom(1), new MemoryChangeFeed(), undefined, feeds[0]);
  const answerStore = new MemoryAnswerStore(undefined, feeds[1]);
  for (const feed of feeds)
    await feed.start({
      changes: async (changes) => {
        for (const change of changes) for (const effect of reaction(change)) take(effect);
      },
      gap: async () => undefined,
    });
  const messages: Message[] = [];
  const attempts: { readonly at: number; readonly ballot: string; readonly told: number | undefined }[] = [];
  const left = [...deliveries];
  const leftStops = [...stops];
  /** By ballot: how the process that tells of it dies. */
  const deaths = new Map<string, number>();
  const receiver: FeedbackReceiver = {
    refusal: () => undefined,
    tell: async (_to, _poll, told) => {
      const { outcome, arrives, dies, takes } = left.shift() ?? {
        outcome: { kind: 'told' } as const,
        arrives: true,
        dies: 9,
        takes: 0,
      };
      for (const feedback of told)
        attempts.push({ at: clock.now(), ballot: feedback.ballot.slice(1), told: feedback.told?.revision });
      await sleep(takes);
      for (const feedback of told) {
        // The process dies before it has stored how it ended.
        deaths.set(feedback.ballot.slice(1), dies);
        if (outcome.kind === 'told' || (outcome.kind === 'unknown' && arrives)) messages.push(messageOf(feedback));
      }
      return outcome;
    },
  };
  const messageOf = ({ ballot, revision, mayBeRepeat, told }: Feedback): Message => ({
    at: clock.now(),
    ballot: ballot.slice(1),
    revision,
    isMarked: mayBeRepeat,
    told: told?.revision,
  });
  const store: AnswerStore = {
    get: (...key) => answerStore.get(...key),
    put: (change) => answerStore.put(change),
    list: (...page) => answerStore.list(...page),
    mark: async (mark) => {
      if (isNaive && mark.notice.sending) return true;
      const isBeginning = (mark.notice.sending?.until ?? 0) > clock.now();
      if (!isBeginning && (deaths.get(mark.ballotId) ?? 9) < 2) {
        deaths.delete(mark.ballotId);
        throw storeUnavailable();
      }
      // Without the state in between, the second change is the first that is stored.
      const isMarked = await answerStore.mark(
        isNaive ? { ...mark, notice: { ...mark.notice, version: await nextVersion(mark) } } : mark,
      );
      if (isBeginning && isMarked) await sleep(leftStops.shift() ?? 0);
      return isMarked;
    },
  };
  const nextVersion = async ({ pollId, ballotId }: { readonly pollId: string; readonly ballotId: string }) =>
    ((await answerStore.get(pollId, ballotId))?.notice?.version ?? 0) + 1;
  const polls = new MemoryPollStore([poll]);
  const notify = new NotifyFeedback(polls, ledger, store, receiver, clock, countingIds());
  const run = async (id: string, effect: { readonly ref: FeedbackRef; dueAt: number }): Promise<void> => {
    const leaseUntil = clock.now() + LEASE_S * 1_000;
    effect.dueAt = leaseUntil;
    const [outcome] = await notify.execute(poll.pollId, [effect.ref]).catch(() => [undefined]);
    // Another process has it by now.
    if (effect.dueAt !== leaseUntil || clock.now() >= leaseUntil) return;
    if (outcome?.kind === 'done' || outcome?.kind === 'failed') {
      effects.delete(id);
      done.add(id);
    } else effect.dueAt = clock.now() + (outcome?.kind === 'later' ? Math.max(outcome.delayMs, 1_000) : 5_000);
  };
  const turn = () => new Promise<void>((passed) => setImmediate(() => setImmediate(() => setImmediate(passed))));

  for (const ballot of votes) await ledger.record(poll, aBallot(ballot, { acceptedAt: begin }));
  await turn();
  const changes = new Map(votes.map((ballot) => [ballot, [begin]]));
  const said = answers.filter(({ ballot }) => votes.includes(ballot)).sort((one, other) => one.at - other.at);
  for (let second = 0; second < 20_000 && (effects.size > 0 || said.length > 0); second++) {
    for (; said[0] && said[0].at <= second; said.shift()) {
      const { ballot } = said[0];
      const at = clock.now();
      changes.get(ballot)?.push(at);
      const texts = [[0, `at ${at} of ${said.length}`]] as const;
      await answerStore.put({ pollId: poll.pollId, ballotId: ballot, choices: [0], texts, changedAt: at, terms });
    }
    await turn();
    for (const [id, effect] of effects) if (effect.dueAt <= clock.now()) void run(id, effect);
    await turn();
    clock.advance(1_000);
    for (const sleeper of sleepers.filter(({ until }) => until <= clock.now())) {
      sleepers.splice(sleepers.indexOf(sleeper), 1);
      sleeper.wake();
    }
    await turn();
  }
  for (const feed of feeds) await feed.stop();
  return { messages, attempts, changes, begin, isOver: effects.size === 0 };
}

interface Schedule {
  readonly votes: readonly string[];
  readonly answers: readonly { readonly ballot: string; readonly at: number }[];
  readonly deliveries: readonly {
    readonly outcome: Delivery;
    readonly arrives: boolean;
    readonly dies: number;
    readonly takes: number;
  }[];
  readonly stops: readonly number[];
}

/** Messages that say what the receiver had heard, and do not say that they may. */
const unmarkedRepeats = (messages: readonly Message[]): readonly Message[] =>
  messages.filter(
    (message, index) =>
      !message.isMarked &&
      messages
        .slice(0, index)
        .some(({ ballot, revision }) => ballot === message.ballot && revision > (message.told ?? -1)),
  );

describe('feedback in any schedule of votes, answers, faults and crashes', () => {
  it('is told, once or with a mark, not before it is quiet, and tried when it has lasted long enough', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (given) => {
        const { messages, attempts, changes, begin, isOver } = await play(given);
        expect(isOver).toBe(true);
        expect(unmarkedRepeats(messages)).toEqual([]);
        for (const [ballot, times] of changes) {
          const own = messages.filter((message) => message.ballot === ballot);
          // The last that is told is the last that was said.
          expect(Math.max(...own.map(({ revision }) => revision))).toBe(times.length - 1);
          const first = attempts.find((attempt) => attempt.ballot === ballot);
          const stopped = given.stops.reduce<number>((sum, seconds) => sum + seconds + (seconds > 0 ? LEASE_S : 0), 0);
          expect(first?.at).toBeLessThanOrEqual(begin + (MAX_S + 1 + stopped) * 1_000);
          for (const { at } of attempts.filter((attempt) => attempt.ballot === ballot && attempt.told === undefined)) {
            // What is said while a process stands still, before it sends, is not known to it.
            const lookedAt = at - (stopped > 0 ? 10_000 : 0);
            const lastChange = Math.max(...times.filter((time) => time < lookedAt || time === begin));
            const isQuiet = at - lastChange >= QUIET_S * 1_000;
            expect(isQuiet || at >= begin + MAX_S * 1_000).toBe(true);
          }
        }
      }),
      { numRuns: ROUNDS },
    );
  });

  it('would be repeated without a mark if it were not stored that a message is being sent', async () => {
    const { messages } = await play(
      {
        votes: ['a'],
        answers: [],
        deliveries: [{ outcome: { kind: 'unknown', error: 'lost' }, arrives: true, dies: 9, takes: 0 }],
        stops: [],
      },
      true,
    );
    expect(unmarkedRepeats(messages)).toHaveLength(1);
  });
});
