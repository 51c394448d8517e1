import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryConnectionHost } from '../../../src/adapters/memory/connection-host.ts';
import { MemoryConnectionRegistry } from '../../../src/adapters/memory/connection-registry.ts';
import { MemoryFlagStore } from '../../../src/adapters/memory/flag-store.ts';
import { AdvanceFlagSet } from '../../../src/domain/flags/advance-flag-set.ts';
import { AnswerClient } from '../../../src/domain/flags/answer-client.ts';
import { ChangeFlags } from '../../../src/domain/flags/change-flags.ts';
import { CurrentFlagSets } from '../../../src/domain/flags/current-flag-sets.ts';
import { DeleteFlagSet } from '../../../src/domain/flags/delete-flag-set.ts';
import { DeliverMessages } from '../../../src/domain/flags/deliver-messages.ts';
import { earlierSet } from '../../../src/domain/flags/earlier-set.ts';
import { type EvaluationContext, evaluateAll } from '../../../src/domain/flags/evaluate.ts';
import type { FlagDefinition } from '../../../src/domain/flags/flag.ts';
import type { FlagSet } from '../../../src/domain/flags/flag-set.ts';
import type { ConnectionOwner, Delivery } from '../../../src/domain/flags/hosted-connection.ts';
import { PushChanges } from '../../../src/domain/flags/push-changes.ts';
import type { ClientMessage, ServerMessage } from '../../../src/domain/flags/socket-messages.ts';
import { SweepConnections } from '../../../src/domain/flags/sweep-connections.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { FlagClient } from '../../helpers/flag-client.ts';
import { aFlag, ruleIf } from '../../helpers/flags.ts';

const RUNS = 60;

/** Notes how many messages are under way, and refuses as often as it is told. */
class FaultyHost extends MemoryConnectionHost {
  readonly refusals = new Map<string, number>();
  /** Connections that are not ended, since API Gateway is asked too much. */
  readonly endless = new Set<string>();
  underWay = 0;
  mostUnderWay = 0;
  attempts = 0;

  override async send(connectionId: string, text: string): Promise<Delivery> {
    this.attempts += 1;
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    await Promise.resolve();
    this.underWay -= 1;
    const left = this.refusals.get(connectionId) ?? 0;
    if (left === 0) return super.send(connectionId, text);
    this.refusals.set(connectionId, left - 1);
    return 'refused';
  }

  override async end(connectionId: string): Promise<void> {
    if (this.endless.has(connectionId)) throw new Error('429');
    await super.end(connectionId);
  }
}

/** Functions beside API Gateway. */
class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryFlagStore();
  readonly registry = new MemoryConnectionRegistry();
  readonly host = new FaultyHost();
  readonly pauses: number[] = [];
  readonly withoutRight = new Set<string>();
  private readonly rights = {
    mayConnect: async ({ subjects }: ConnectionOwner) => !this.withoutRight.has(subjects[0]),
  };
  private readonly deliver = new DeliverMessages(
    this.registry,
    this.host,
    this.rights,
    (message) => JSON.stringify(message),
    async (ms) => void this.pauses.push(ms),
  );
  private readonly changes = new ChangeFlags(this.store, this.current(), this.clock);
  private readonly pushChanges = new PushChanges(this.store, this.deliver, this.clock);
  private readonly clients = new Map<string, { readonly client: FlagClient; read: number }>();

  async start(): Promise<void> {
    await this.store.create({ setId: 'web', createdAt: this.clock.now() });
  }

  /** Each function has copies of its own, and for this test old ones never. */
  private current(): CurrentFlagSets {
    return new CurrentFlagSets(this.store, new AdvanceFlagSet(this.store, this.clock), this.clock, this.clock);
  }

  put = (key: string, fields: Partial<FlagDefinition> = {}) =>
    this.changes.put({ setId: 'web', by: 'admin' }, key, aFlag(key, fields));

  delete = () => new DeleteFlagSet(this.store).execute('web', undefined);

  set = async () => (await this.store.get('web')) as FlagSet;

  async connect(
    connectionId: string,
    context: EvaluationContext = { targetingKey: connectionId },
  ): Promise<FlagClient> {
    this.host.connect(connectionId);
    const owner: ConnectionOwner = { subjects: [`key:${connectionId}`] };
    await this.registry.open({ connectionId, setId: 'web', owner });
    const client = new FlagClient(context);
    this.clients.set(connectionId, { client, read: 0 });
    await this.say(connectionId, client.hello());
    return client;
  }

  answer = (connectionId: string, text: string) =>
    new AnswerClient(this.registry, this.rights, this.current(), this.deliver).execute(connectionId, text);

  async say(connectionId: string, message: ClientMessage): Promise<void> {
    await this.answer(connectionId, JSON.stringify(message));
    await this.hear(connectionId);
  }

  /** Of a batch of the stream whose last record is that of the newest revision, unless said. */
  push = (from: number, to = Number.MAX_SAFE_INTEGER): Promise<number> => this.pushChanges.execute('web', from, to);
  sweep = (): Promise<number> => new SweepConnections(this.store, this.current(), this.deliver).execute();

  messages = (connectionId: string): ServerMessage[] =>
    (this.host.sentTo(connectionId) ?? []).map((text) => JSON.parse(text) as ServerMessage);

  /** Lets a client, or all of them, take what it was sent. @param loses whether a message gets lost */
  async hear(connectionId: string, loses: (message: ServerMessage) => boolean = () => false): Promise<void> {
    const known = this.clients.get(connectionId);
    if (!known) return;
    for (;;) {
      const message = this.messages(connectionId)[known.read];
      if (!message) return;
      known.read += 1;
      if (loses(message)) continue;
      const answer = known.client.take(message);
      if (answer) await this.answer(connectionId, JSON.stringify(answer));
    }
  }

  async expectNewest(connectionId: string, context: EvaluationContext = { targetingKey: connectionId }): Promise<void> {
    const set = await this.set();
    const { client } = this.clients.get(connectionId) as { client: FlagClient };
    const { revision, values } = client;
    expect({ revision, values: [...values.values()].sort((a, b) => (a.key < b.key ? -1 : 1)) }).toEqual({
      revision: set.revision,
      values: evaluateAll(set, context),
    });
  }
}

describe('clients whose connections are held elsewhere', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
    await world.put('a');
  });

  it('get the state for their context, and then what changes', async () => {
    await world.connect('one', { targetingKey: 'one', plan: 'pro' });
    await world.put('a', { rules: ruleIf('plan', 'in', 'pro') });
    await world.put('b');
    expect(await world.push(1)).toBe(0);
    await world.hear('one');

    await world.expectNewest('one', { targetingKey: 'one', plan: 'pro' });
    const [state, change] = world.messages('one');
    expect(state).toMatchObject({ type: 'state', revision: 1, contextId: 0, flags: [{ key: 'a', value: 'red' }] });
    expect(change).toMatchObject({
      type: 'change',
      from: 1,
      to: 3,
      flags: [
        { key: 'a', value: 'blue' },
        { key: 'b', value: 'red' },
      ],
      removed: [],
    });
  });

  it('are told nothing by a connection that has not said hello, or was forgotten', async () => {
    world.host.connect('quiet');
    await world.registry.open({ connectionId: 'quiet', setId: 'web', owner: { subjects: ['key:quiet'] } });
    await world.put('b');
    await world.push(1);
    await world.sweep();
    expect(await world.answer('unknown', '{}')).toBeUndefined();

    expect(world.messages('quiet')).toEqual([]);
  });

  it('notice that a push was lost by the next sign of life', async () => {
    await world.connect('one');
    await world.put('b');
    await world.push(1);
    await world.hear('one', () => true);
    expect(await world.sweep()).toBe(0);
    await world.hear('one');

    await world.expectNewest('one');
    expect(world.messages('one').map(({ type }) => type)).toEqual(['state', 'change', 'alive', 'state']);
  });

  it('leave a push that comes twice or late, and ask again after one that skips', async () => {
    await world.connect('one');
    await world.put('b');
    await world.push(1);
    await world.put('c');
    await world.push(1);
    await world.push(2);
    await world.hear('one');
    await world.expectNewest('one');
    await world.put('d');
    await world.put('e');
    await world.push(4);
    await world.hear('one');

    await world.expectNewest('one');
    expect(await world.push(9)).toBe(0);
  });

  it('need not ask anything where a change follows while one is told', async () => {
    await world.connect('one');
    for (const key of ['b', 'c', 'd']) await world.put(key);
    await world.push(1, 2);
    await world.push(2, 4);
    await world.hear('one');

    await world.expectNewest('one');
    expect(world.messages('one').map(({ type }) => type)).toEqual(['state', 'change', 'change']);
  });

  it('wait for the next sweep where a sign of life is refused', async () => {
    await world.connect('one');
    world.host.refusals.set('one', 1_000);

    expect(await world.sweep()).toBe(1);
    expect(world.pauses).toEqual([]);
  });

  it('are forgotten once they are gone, and hold up nobody', async () => {
    for (const name of ['one', 'gone', 'two']) await world.connect(name);
    await world.host.end('gone');
    await world.put('b');
    await world.push(1);
    for (const name of ['one', 'two']) await world.hear(name);

    expect(await world.registry.get('gone')).toBeUndefined();
    for (const name of ['one', 'two']) await world.expectNewest(name);
  });

  it('are sent again what was refused, after longer and longer pauses', async () => {
    await world.connect('one');
    await world.connect('two');
    world.host.refusals.set('two', 3);
    await world.put('b');
    expect(await world.push(1)).toBe(0);
    for (const name of ['one', 'two']) await world.hear(name);

    for (const name of ['one', 'two']) await world.expectNewest(name);
    expect(world.messages('one')).toHaveLength(2);
    expect(world.pauses).toEqual([250, 500, 1_000]);
  });

  it('are counted where no attempt reached them, and catch up later', async () => {
    await world.connect('one');
    await world.connect('two');
    world.host.refusals.set('two', 1_000);
    await world.put('b');
    expect(await world.push(1)).toBe(1);
    world.host.refusals.clear();
    await world.sweep();
    await world.hear('two');

    await world.expectNewest('two');
  });

  it('are told of many at once, but not of all', async () => {
    const names = Array.from({ length: 70 }, (_, index) => `client-${index}`);
    for (const name of names) await world.connect(name);
    await world.put('b');
    await world.push(1);
    for (const name of names) await world.hear(name);

    for (const name of names) await world.expectNewest(name);
    expect(world.host.mostUnderWay).toBe(20);
  });

  it.each([
    ['a push', () => world.push(1)],
    ['a sign of life', () => world.sweep()],
    ['a message of its own', () => world.answer('one', '{"type":"resync"}')],
  ])('are disconnected at %s once they may not be connected any more', async (_, happen) => {
    await world.connect('one');
    await world.connect('two');
    await world.put('b');
    world.withoutRight.add('key:one');
    await happen();

    expect(world.host.sentTo('one')).toBeUndefined();
    expect(await world.registry.get('one')).toBeUndefined();
    expect(world.host.sentTo('two')).toBeDefined();
  });

  it.each([
    ['no message', 'hello', 'INVALID_REQUEST'],
    [
      'a context that is too large',
      JSON.stringify({ type: 'hello', context: { a: 'x'.repeat(20_000) } }),
      'INVALID_REQUEST',
    ],
    ['resync before hello', '{"type":"resync"}', 'INVALID_REQUEST'],
  ])('are disconnected after %s', async (_, text, code) => {
    world.host.connect('one');
    await world.registry.open({ connectionId: 'one', setId: 'web', owner: { subjects: ['key:one'] } });

    expect(await world.answer('one', text)).toBe(code);
    expect(world.host.sentTo('one')).toBeUndefined();
  });

  it('are told though one beside them may not be connected any more, and its connection does not end', async () => {
    for (const client of ['one', 'two', 'three']) await world.connect(client);
    await world.put('b');
    world.withoutRight.add('key:one');
    world.host.endless.add('one');

    expect(await world.push(1)).toBe(1);
    for (const client of ['two', 'three']) {
      await world.hear(client);
      await world.expectNewest(client);
    }
    expect(world.messages('one').map(({ type }) => type)).not.toContain('change');
  });

  it('are disconnected once their set is deleted', async () => {
    await world.connect('one');
    await world.connect('two');
    await world.delete();
    expect(await world.answer('one', '{"type":"resync"}')).toBe('FLAGS_SET_NOT_FOUND');
    await world.push(1);

    expect(world.host.sentTo('two')).toBeUndefined();
  });

  it('have the later of two contexts, whichever is handled first', async () => {
    const client = await world.connect('one', { plan: 'free' });
    await world.put('a', { rules: ruleIf('plan', 'in', 'pro') });
    const earlier = client.change({ plan: 'basic' });
    const later = client.change({ plan: 'pro' });
    await world.say('one', later);
    await world.say('one', earlier);
    await world.expectNewest('one', { plan: 'pro' });
    await world.put('b');
    await world.push(2);
    await world.hear('one');

    await world.expectNewest('one', { plan: 'pro' });
  });

  it('are told to ask by OFREP for what no message can carry', async () => {
    const value = 'ü'.repeat(4_000);
    for (let flag = 0; flag < 17; flag++) await world.put(`long-${flag}`, { variants: { red: value, blue: value } });
    const client = await world.connect('one');

    expect(world.messages('one')).toEqual([
      { type: 'refetchEvaluation', revision: 18, contextId: 0, asOf: world.clock.now() },
    ]);
    expect(client.mustFetch).toBe(true);
    client.fetched(18, evaluateAll(await world.set(), {}), world.clock.now());
    await world.put('short');
    await world.push(18);
    await world.hear('one');
    expect(client.revision).toBe(19);
    expect(client.values.get('short')).toMatchObject({ value: 'red' });
  });

  it('are told within a minute of a rule whose time has come', async () => {
    const at = new Date(world.clock.now() + 30_000).toISOString();
    await world.put('a', { rules: ruleIf('now', 'after', at) });
    await world.connect('one');
    world.clock.advance(60_000);
    await world.sweep();
    await world.hear('one');

    await world.expectNewest('one');
    expect(world.messages('one').at(-1)).toMatchObject({ type: 'state', revision: 3, flags: [{ value: 'blue' }] });
  });

  it('hold the newest values after any loss, repeat and delay, once a sign of life and its answer arrive', async () => {
    type Step = 'put' | 'drop' | 'push' | 'repeat' | 'sweep' | 'context' | 'hear' | 'lose';
    const steps = fc.array(
      fc.record({
        step: fc.constantFrom<Step>('put', 'drop', 'push', 'repeat', 'sweep', 'context', 'hear', 'lose'),
        choice: fc.nat({ max: 5 }),
      }),
      { maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const world = new World();
        await world.start();
        let context: EvaluationContext = { plan: 'p0' };
        const client = await world.connect('one', context);
        const sets = [await world.set()];
        let pushed = 0;
        let lowest = 0;
        for (const { step, choice } of script) {
          if (step === 'put') await world.put(`flag-${choice % 3}`, { rules: ruleIf('plan', 'in', `p${choice}`) });
          if (step === 'push') {
            await world.push(pushed);
            pushed = (await world.set()).revision;
          }
          // A batch that fails in part comes again, perhaps after the next.
          if (step === 'repeat') await world.push(Math.min(choice, pushed));
          if (step === 'drop') pushed = (await world.set()).revision;
          if (step === 'sweep') await world.sweep();
          if (step === 'context') {
            context = { plan: `p${choice}` };
            await world.say('one', client.change(context));
          }
          if (step === 'hear') await world.hear('one');
          if (step === 'lose') await world.hear('one', ({ asOf }) => (asOf + choice) % 2 === 0);
          expect(client.revision ?? 0).toBeGreaterThanOrEqual(lowest);
          lowest = client.revision ?? 0;
          sets[(await world.set()).revision] = await world.set();
          // What it holds is what the server had at that revision, not only in the end.
          expect([...client.values.values()].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(
            evaluateAll(sets[lowest] as FlagSet, client.valuesFor),
          );
        }
        await world.hear('one', () => true);
        await world.sweep();
        await world.hear('one');
        await world.sweep();
        await world.hear('one');
        await world.expectNewest('one', context);
      }),
      { numRuns: RUNS },
    );
  });
});

it('a set is read as it was at an earlier revision', async () => {
  const world = new World();
  await world.start();
  const sets = [await world.set()];
  for (const [key, fields] of [
    ['a', {}],
    ['b', {}],
    ['a', { state: 'DISABLED' }],
    ['c', { description: 'new' }],
  ] as const) {
    world.clock.advance(1_000);
    await world.put(key, fields as Partial<FlagDefinition>);
    sets.push(await world.set());
  }

  for (const set of sets) expect(await earlierSet(world.store, sets.at(-1) as FlagSet, set.revision)).toEqual(set);
});

it('a set whose history is gone is not taken for one that was the same before', async () => {
  const world = new World();
  await world.start();
  for (const key of ['a', 'b']) await world.put(key);
  const set = await world.set();
  await world.delete();

  await expect(earlierSet(world.store, set, 1)).rejects.toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
});
