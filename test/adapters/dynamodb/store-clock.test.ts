import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Reading, StoreClock } from '../../../src/adapters/dynamodb/store-clock.ts';
import { seededRandom } from '../../helpers/fakes.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
/** As far as a machine's clocks may be wrong, of what passes. */
const MAX_DRIFT = 500e-6;

/** A store and a machine whose clocks are wrong in the ways in which clocks are. Ms. */
class World {
  /** Of the store; the truth. */
  store = Date.UTC(2026, 0, 1);
  readonly warnings: { readonly machine: number; readonly store: number }[] = [];
  readonly clock: StoreClock;
  /** How long each way takes for the next request; the store does not answer without. */
  latency: { readonly there: number; readonly back: number } | undefined = { there: 1, back: 1 };
  asked = 0;
  private monotonic = 12_345.678;

  /**
   * @param wallAhead of the store
   * @param drift of both clocks of the machine, as a fraction
   */
  constructor(
    private wallAhead = 0,
    private readonly drift = 0,
  ) {
    this.clock = new StoreClock({
      ask: () => Promise.resolve().then(() => this.request()),
      onSkew: (machine, store) => this.warnings.push({ machine, store }),
      read: () => this.read(),
    });
  }

  pass(ms: number): void {
    this.store += ms;
    this.monotonic += ms * (1 + this.drift);
    this.wallAhead += ms * this.drift;
  }

  /** The machine sleeps: its monotonic clock stands still. */
  sleep(ms: number): void {
    this.store += ms;
  }

  /** Somebody sets the wall clock. */
  setWall(ms: number): void {
    this.wallAhead += ms;
  }

  setStore(ms: number): void {
    this.store += ms;
    this.wallAhead -= ms;
  }

  /** @throws Error if the store does not answer */
  request(meanwhile: () => void = () => undefined): void {
    this.asked++;
    if (!this.latency) throw new Error('ECONNREFUSED');
    const sent = this.read();
    this.pass(this.latency.there);
    const date = new Date(this.store).toUTCString();
    meanwhile();
    this.pass(this.latency.back);
    this.clock.observe(date, sent);
  }

  get error(): number {
    return Math.abs(this.clock.now() - this.store);
  }

  private read(): Reading {
    return { wall: Math.floor(this.store + this.wallAhead), monotonic: this.monotonic };
  }
}

type Event =
  | { do: 'pass' | 'sleep' | 'set the wall clock'; ms: number }
  | { do: 'request'; there: number; back: number }
  | { do: 'sync' };

const anyLatency = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0.1, max: 30, noNaN: true }) },
  fc.integer({ min: 0, max: 1_400 }),
);
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.double({ min: 0, max: 20_000, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 10 * HOUR }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('sleep' as const), ms: fc.integer({ min: 0, max: 10 * HOUR }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sleep' as const), ms: fc.integer({ min: 0, max: SECOND }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('set the wall clock' as const),
      ms: fc.oneof(fc.integer({ min: -SECOND, max: SECOND }), fc.integer({ min: -10 * HOUR, max: 10 * HOUR })),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('request' as const), there: anyLatency, back: anyLatency }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sync' as const) }) },
);
const anyMachine = {
  wallAhead: fc.oneof(
    fc.constant(0),
    fc.integer({ min: -3 * SECOND, max: 3 * SECOND }),
    fc.integer({ min: -HOUR, max: HOUR }),
  ),
  drift: fc.double({ min: -MAX_DRIFT, max: MAX_DRIFT, noNaN: true }),
};

/** @returns whether the clock was asked to be right at this moment */
async function play(world: World, event: Event): Promise<boolean> {
  switch (event.do) {
    case 'pass':
      world.pass(event.ms);
      return false;
    case 'sleep':
      world.sleep(event.ms);
      return false;
    case 'set the wall clock':
      world.setWall(event.ms);
      return false;
    case 'request':
      world.latency = event;
      world.request();
      return true;
    case 'sync':
      await world.clock.sync();
      return true;
  }
}

describe('the time of the store', () => {
  it('is never said to be certainly past before it is, whatever the clocks of the machine do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 60 }), fc.record(anyMachine), async (events, machine) => {
        const world = new World(machine.wallAhead, machine.drift);
        world.request();
        for (const event of events) {
          await play(world, event);
          expect(world.clock.earliest()).toBeLessThanOrEqual(world.store);
          expect(world.clock.earliest()).toBeLessThanOrEqual(world.clock.now());
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is right to what one answer cannot tell after each answer and each sync, or stands still until it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 60 }), fc.record(anyMachine), async (events, machine) => {
        const world = new World(machine.wallAhead, machine.drift);
        world.request();
        for (const event of events) {
          const before = world.clock.now();
          const isTold = await play(world, event);
          const isWaiting = world.clock.now() === before;
          if (!isTold || isWaiting) continue;
          const { there = 0, back = 0 } = event.do === 'request' ? event : (world.latency ?? {});
          // Sync leaves alone what is less than a second in doubt.
          const allowed = SECOND + there + back + (event.do === 'sync' ? SECOND : 0) + 3;
          expect(world.error).toBeLessThanOrEqual(allowed);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([0, 90, -700, 3 * SECOND, HOUR, -HOUR])(
    'is known to 0.1 s after some answers, with a wall clock %d ms ahead',
    (wallAhead) => {
      const random = seededRandom(7);
      const world = new World(wallAhead, 100e-6);
      for (let answer = 0; answer < 24; answer++) {
        world.latency = { there: random.next() * 5, back: random.next() * 5 };
        world.request();
        world.pass(random.next() * 3_000);
      }
      world.request();

      expect(world.error).toBeLessThan(100);
      expect(world.store - world.clock.earliest()).toBeLessThan(200);
      for (let answer = 0; answer < 2_000; answer++) {
        world.pass(random.next() * 3_000);
        world.request();
        expect(world.error).toBeLessThan(150);
      }
    },
  );

  it('is known to the millisecond from the first answer on where the wall clock is right', () => {
    const world = new World(0);
    world.latency = { there: 40, back: 300 };
    world.request();
    world.pass(600);

    expect(world.error).toBeLessThanOrEqual(2);
  });

  it.each([0, 900, HOUR])(
    'does not go back while it becomes known better, with a wall clock %d ms ahead',
    (wallAhead) => {
      const random = seededRandom(11);
      const world = new World(wallAhead);
      world.latency = { there: 700, back: 0 };
      world.request();
      let before = world.clock.now();
      for (let answer = 0; answer < 1_000; answer++) {
        world.pass(random.next() * 50);
        world.latency = { there: random.next() * 5, back: random.next() * 5 };
        world.request();
        const now = world.clock.now();
        expect(now).toBeGreaterThanOrEqual(before);
        before = now;
      }
    },
  );

  it('is followed where the store is set to another time, or a node of it is wrong for once', () => {
    const world = new World(0);
    for (const step of [-HOUR, 5 * SECOND, HOUR]) {
      for (let answer = 0; answer < 20; answer++) {
        world.pass(777);
        world.request();
        expect(world.error).toBeLessThan(SECOND);
      }
      world.setStore(step);
      world.request();
      expect(world.error).toBeLessThan(SECOND);
    }
  });

  it('is not known before the first answer', async () => {
    const world = new World(HOUR);
    expect(() => world.clock.now()).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
    expect(() => world.clock.earliest()).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));

    world.latency = undefined;
    await expect(world.clock.sync()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    world.latency = { there: 1, back: 1 };
    await world.clock.sync();
    expect(world.error).toBeLessThan(SECOND);
  });

  it('is not taken from an answer without a readable date', () => {
    const world = new World();
    world.clock.observe(undefined, { wall: 0, monotonic: 0 });
    world.clock.observe('yesterday', { wall: 0, monotonic: 0 });
    expect(() => world.clock.now()).toThrow();
  });
});

describe('a machine that stood still', () => {
  it.each([1_100, 60 * SECOND, HOUR])('asks the store for the time before it uses it, after %d ms', async (ms) => {
    const world = new World();
    world.request();
    world.sleep(ms);
    const before = world.clock.now();
    expect(before).toBeLessThanOrEqual(world.store);

    const { asked } = world;
    await Promise.all([world.clock.sync(), world.clock.sync(), world.clock.sync()]);
    expect(world.asked).toBe(asked + 1);
    expect(world.error).toBeLessThan(5);
    await world.clock.sync();
    expect(world.asked).toBe(asked + 1);
  });

  it('does not work by a time that the store does not confirm', async () => {
    const world = new World();
    world.request();
    world.sleep(HOUR);
    world.latency = undefined;
    await expect(world.clock.sync()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('believes no answer that was on its way meanwhile', async () => {
    for (const jump of ['sleep', 'setWall'] as const)
      for (const answers of [0, 3]) {
        const world = new World();
        for (let answer = 0; answer < answers; answer++) world.request();
        world.request(() => world[jump](HOUR));
        await world.clock.sync();
        expect(world.error).toBeLessThan(SECOND);
      }
  });

  it.each([HOUR, -HOUR])('does not take a wall clock that was set by %d ms for the time', async (ms) => {
    const world = new World();
    world.request();
    world.setWall(ms);
    expect(world.error).toBeLessThan(5);
    await world.clock.sync();
    expect(world.error).toBeLessThan(SECOND);
  });

  it('asks again after half an hour without an answer, in which its clocks may have drifted', async () => {
    const world = new World(0, MAX_DRIFT);
    world.request();
    const { asked } = world;
    world.pass(1_000 * SECOND);
    await world.clock.sync();
    expect(world.asked).toBe(asked);
    world.pass(1_200 * SECOND);
    await world.clock.sync();
    expect(world.asked).toBe(asked + 1);
  });
});

describe('a wall clock that is wrong', () => {
  it.each([2_600, -2_600, HOUR, -HOUR])('is told of once, by %d ms', (wallAhead) => {
    const world = new World(wallAhead);
    for (let answer = 0; answer < 5; answer++) {
      world.pass(1_234);
      world.request();
    }

    expect(world.clock.isSkewed).toBe(true);
    expect(world.warnings).toHaveLength(1);
    const [{ machine = 0, store = 0 } = {}] = world.warnings;
    expect(Math.abs(machine - store - wallAhead)).toBeLessThan(SECOND);
  });

  it.each([0, 1_400, -1_400])('is not told of at %d ms', (wallAhead) => {
    const world = new World(wallAhead);
    for (let answer = 0; answer < 50; answer++) {
      world.pass(1_234);
      world.request();
      expect(world.clock.isSkewed).toBe(false);
    }
    expect(world.warnings).toEqual([]);
  });

  it('is told of when it is set wrong later, and again the next time', async () => {
    const world = new World();
    for (const ms of [HOUR, -HOUR, HOUR]) {
      world.request();
      world.setWall(ms);
      await world.clock.sync();
    }
    expect(world.clock.isSkewed).toBe(true);
    expect(world.warnings).toHaveLength(2);
  });
});
