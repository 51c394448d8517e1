import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PolicySnapshot } from '../../src/adapters/caching/policy-snapshot.ts';
import { ageingClock } from '../../src/adapters/system/elapsed-time.ts';
import { changePolicy } from '../../src/domain/access/change-policy.ts';
import type { Policy, PolicySet } from '../../src/domain/access/policy.ts';
import { MAX_AGE_MS, WITHIN_SECONDS } from '../../src/domain/access/propagation.ts';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import type { PolicyStore } from '../../src/ports/access.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';

const setOf = (version: number): PolicySet => ({ version, policies: [] });

describe('policies in force', () => {
  const reads: string[] = [];
  const made = (override: Partial<PolicyStore> = {}) => {
    reads.splice(0);
    let stored = setOf(1);
    const clock = new FakeClock();
    const store = {
      version: async () => {
        reads.push('version');
        return stored.version;
      },
      read: async () => {
        reads.push('all');
        return stored;
      },
      ...override,
    };
    const snapshot = new PolicySnapshot(store, clock);
    const change = (version: number) => {
      stored = setOf(version);
    };
    return { snapshot, clock, change };
  };

  it('are read once for many requests, and at hand until they are too old', async () => {
    const { snapshot, clock } = made();
    await Promise.all(Array.from({ length: 5 }, () => snapshot.current()));
    expect(reads).toEqual(['all']);

    clock.advance(900);
    expect(snapshot.current()).not.toBeInstanceOf(Promise);
    expect(reads).toEqual(['all']);

    clock.advance(200);
    expect(snapshot.current()).not.toBeInstanceOf(Promise);
    await 0;
    expect(reads).toEqual(['all', 'version']);
  });

  it('are confirmed by their version before they are used again, and read as a whole where that has moved', async () => {
    const { snapshot, clock, change } = made();
    await snapshot.current();
    clock.advance(MAX_AGE_MS + 1);
    expect((await snapshot.current()).version).toBe(1);
    change(2);
    clock.advance(MAX_AGE_MS + 1);
    expect((await snapshot.current()).version).toBe(2);
    expect(reads).toEqual(['all', 'version', 'version', 'all']);
  });

  it('hold a change of this process from the next request on', async () => {
    const { snapshot, change, clock } = made();
    await snapshot.current();
    clock.advance(1);
    change(2);
    snapshot.renew();
    expect((await snapshot.current()).version).toBe(2);
  });

  it('are none while the store fails: the old ones are known for 5 minutes, and are not current', async () => {
    let isAway = false;
    const { snapshot, clock } = made({
      version: async () => {
        if (isAway) throw storeUnavailable();
        return 1;
      },
    });
    expect(snapshot.lastKnown()).toBeUndefined();
    await snapshot.current();
    isAway = true;
    clock.advance(MAX_AGE_MS + 1);
    await expect(snapshot.current()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(snapshot.lastKnown()?.version).toBe(1);
    clock.advance(300_000);
    expect(snapshot.lastKnown()).toBeUndefined();
    isAway = false;
    expect((await snapshot.current()).version).toBe(1);
  });

  it('keep nobody waiting for a store that is silent, and ask it no more than once at a time', async () => {
    let asked = 0;
    const { snapshot } = made({
      read: () => {
        asked++;
        return new Promise(() => undefined);
      },
    });
    const begun = performance.now();
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, async () => snapshot.current()));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(50).fill('rejected'));
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(asked).toBe(1);
  });

  it('are never older than those that were seen before', async () => {
    const { snapshot, clock, change } = made();
    change(7);
    await snapshot.current();
    change(5);
    clock.advance(MAX_AGE_MS + 1);
    await expect(snapshot.current()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    change(7);
    clock.advance(1_000);
    expect((await snapshot.current()).version).toBe(7);
  });

  it('are not put back by a read that was overtaken', async () => {
    const answers: ((set: PolicySet) => void)[] = [];
    const { snapshot, clock } = made({ read: () => new Promise((answer) => answers.push(answer)) });
    const first = snapshot.current();
    clock.advance(1);
    snapshot.renew();
    const second = snapshot.current();
    await 0;
    answers[1]?.(setOf(2));
    expect((await second).version).toBe(2);
    answers[0]?.(setOf(1));
    expect((await first).version).toBe(2);
    expect((await snapshot.current()).version).toBe(2);
  });
});

/** Time that passes when nothing is left to do at one moment. Whatever waits, waits in it. */
class World {
  now = 0;
  private readonly due: { readonly at: number; readonly wake: () => void }[] = [];

  wait(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.due.push({ at: this.now + ms, wake });
    });
  }

  async run(): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      this.due.sort((one, other) => one.at - other.at);
      const next = this.due.shift();
      if (!next) return;
      this.now = next.at;
      next.wake();
    }
  }
}

const DURATION_MS = 60_000;
/** The most by which the clocks of this world are wrong; 1 s is allowed for. */
const CLOCK_ERROR_MS = 450;

/** Two processes and a store; one process changes policies, both judge by them, and each stands still now and then. */
async function lifeOfPolicies(seed: number) {
  const random = seededRandom(seed);
  const upTo = (ms: number): number => Math.floor(random.next() * ms);
  const world = new World();
  let stored = setOf(0);
  const slowness = [20, 300, 3_000][upTo(3)] as number;

  const newProcess = () => {
    let start = 0;
    const freezes = Array.from({ length: upTo(5) }, () => {
      start += 500 + upTo(20_000);
      const freeze = { from: start, to: start + upTo(15_000) };
      start = freeze.to;
      return freeze;
    });
    const asleepAt = (time: number) =>
      freezes.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(time, to) - from), 0);
    // May be set, by more ahead than back.
    const [setAt, setBy] = [upTo(DURATION_MS), random.next() < 0.5 ? upTo(10_000) : -upTo(CLOCK_ERROR_MS)];
    const awake = async (): Promise<void> => {
      const freeze = freezes.find(({ from, to }) => from <= world.now && world.now < to);
      if (freeze) await world.wait(freeze.to - world.now);
    };
    const ask = async <T>(what: () => T): Promise<T> => {
      await world.wait(upTo(slowness));
      const answer = what();
      await world.wait(upTo(slowness));
      await awake();
      if (random.next() < 0.1) throw storeUnavailable();
      return answer;
    };
    const store: PolicyStore = {
      get: async () => undefined,
      version: () => ask(() => stored.version),
      read: () => ask(() => stored),
      change: (seen, subject, policy) =>
        ask(() => {
          if (seen.version !== stored.version) return false;
          const others = stored.policies.filter((other) => other.subject !== subject);
          stored = { version: seen.version + 1, policies: policy ? [...others, policy] : others };
          return true;
        }),
      postpone: async () => undefined,
    };
    const elapsed = ageingClock(
      () => world.now + (world.now >= setAt ? setBy : 0),
      () => world.now - asleepAt(world.now),
    );
    return { awake, store, elapsed, setAt, snapshot: new PolicySnapshot(store, elapsed) };
  };

  const processes = [newProcess(), newProcess()] as const;
  const changes: { readonly version: number; readonly effectiveBy: number; readonly aheadMs: number }[] = [];
  const judged: { readonly arrived: number; readonly version: number }[] = [];

  const [changer] = processes;
  const clockError = upTo(2 * CLOCK_ERROR_MS) - CLOCK_ERROR_MS;
  const clock = { now: () => world.now + clockError, earliest: () => world.now };
  const changing = { ...changer, inForce: changer.snapshot, clock, propagation: WITHIN_SECONDS, keyNames: [] };
  const next = (): Pick<Policy, 'allow' | 'deny'> => ({ allow: [], deny: [] });
  const work = [
    (async () => {
      while (world.now < DURATION_MS) {
        await world.wait(upTo(6_000));
        await changer.awake();
        const begun = world.now;
        const changed = await changePolicy(changing, 'group:crew', next).catch(() => undefined);
        if (!changed) continue;
        const aheadMs = changed.effectiveBy - clock.now();
        // A clock that is set while it measures the change may make it seem long.
        const wasSet = begun < changer.setAt && changer.setAt <= world.now;
        changes.push({ version: changed.revision, effectiveBy: changed.effectiveBy, aheadMs: wasSet ? 0 : aheadMs });
      }
    })(),
    ...processes.map(async ({ awake, snapshot }) => {
      while (world.now < DURATION_MS) {
        await world.wait(upTo(400));
        const arrived = world.now;
        void (async () => {
          await awake();
          const policies = await snapshot.current();
          judged.push({ arrived, version: policies.version });
        })().catch(() => undefined);
      }
    }),
  ];
  await world.run();
  await Promise.all(work);
  return { changes, judged };
}

it('judge no request that arrives after effectiveBy by older policies, whatever is slow, fails or stands still', async () => {
  let [judgements, changed] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 - 1 }), async (seed) => {
      const { changes, judged } = await lifeOfPolicies(seed);
      for (const { version, effectiveBy, aheadMs } of changes) {
        expect(aheadMs).toBeLessThanOrEqual(5_000);
        const late = judged.filter((request) => request.arrived > effectiveBy);
        expect(late.filter((request) => request.version < version)).toEqual([]);
      }
      judgements += judged.length;
      changed += changes.length;
    }),
    { numRuns: 60 },
  );
  expect(judgements).toBeGreaterThan(5_000);
  expect(changed).toBeGreaterThan(100);
}, 120_000);
