import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { changedValues } from '../../../src/domain/flags/changed-values.ts';
import type { CurrentFlagSet } from '../../../src/domain/flags/current-flag-sets.ts';
import { type Evaluation, type EvaluationContext, evaluateAll } from '../../../src/domain/flags/evaluate.ts';
import type { Flag } from '../../../src/domain/flags/flag.ts';
import { FlagConnection } from '../../../src/domain/flags/flag-connection.ts';
import { applied, type FlagSet, nextRevision } from '../../../src/domain/flags/flag-set.ts';
import type { ClientMessage, ServerMessage } from '../../../src/domain/flags/socket-messages.ts';
import { ToldRevision } from '../../../src/domain/flags/told-revision.ts';
import { FlagClient } from '../../helpers/flag-client.ts';
import { aFlag } from '../../helpers/flags.ts';

const RUNS = 300;
/** Few schedules show that the last message is not the latest; the first that does ends the search. */
const SEARCHED = 20_000;
const PROCESSES = 2;
const SOCKETS = 2;
const POLLERS = 2;
const KEYS = ['a', 'b', 'c'];
const CONTEXTS: readonly EvaluationContext[] = [{ targetingKey: 'ann' }, { targetingKey: 'ben', plan: 'gold' }];

const flagOf = (key: string): fc.Arbitrary<Flag | undefined> =>
  fc.option(
    fc
      .record({
        defaultVariant: fc.constantFrom('red', 'green'),
        state: fc.constantFrom('ENABLED' as const, 'DISABLED' as const),
        rules: fc.constantFrom(
          [],
          [{ if: [{ attribute: 'plan', op: 'in' as const, values: ['gold'] }], serve: 'blue' }],
          [{ if: [{ attribute: 'now', op: 'after' as const, values: ['2027-01-01T00:00:00.005Z'] }], serve: 'blue' }],
          // Needs one that comes before it, so that there is no cycle.
          key === 'a' ? [] : [{ if: [{ attribute: 'a', op: 'flag' as const, values: ['red'] }], serve: 'yellow' }],
        ),
      })
      .map((fields) => aFlag(key, fields)),
    { nil: undefined },
  );
const aChange = fc.constantFrom(...KEYS).chain((key) => flagOf(key).map((after) => ({ key, after })));
/** The next message arrives, or the last, or is lost, or arrives and comes again. */
const fate = fc.constantFrom('next', 'next', 'last', 'lost', 'twice');
const who = fc.nat(SOCKETS - 1);
const where = fc.nat(PROCESSES - 1);
const step = fc.oneof(
  fc.record({ do: fc.constantFrom('change' as const, 'changeAndTell' as const), change: aChange }),
  fc.record({ do: fc.constant('look' as const), where }),
  fc.record({ do: fc.constant('crash' as const), where }),
  fc.record({ do: fc.constantFrom('push' as const, 'alive' as const, 'drop' as const, 'slow' as const), who }),
  fc.record({ do: fc.constant('connect' as const), who, where }),
  fc.record({ do: fc.constant('context' as const), who, context: fc.constantFrom(...CONTEXTS) }),
  fc.record({ do: fc.constantFrom('toClient' as const, 'toServer' as const), who, fate }),
  fc.record({ do: fc.constantFrom('poll' as const, 'listen' as const), who, where }),
  fc.record({ do: fc.constantFrom('answer' as const, 'event' as const), who, fate }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a client by events or polling does: it evaluates again until it has what it heard of, and never goes back. */
class Poller {
  revision: number | undefined;
  values: readonly Evaluation[] = [];
  wants = 0;
  lastEventId: number | undefined;

  hear(id: number): void {
    this.lastEventId = id;
    this.wants = Math.max(this.wants, id);
  }

  take({ revision, values }: Answer): void {
    if (revision < (this.revision ?? 0)) return;
    this.revision = revision;
    this.values = values;
  }
}

interface Answer {
  readonly revision: number;
  readonly values: readonly Evaluation[];
}

interface Link {
  readonly where: number;
  readonly server: FlagConnection;
  toServer: ClientMessage[];
  toClient: ServerMessage[];
}

interface Stream {
  readonly where: number;
  readonly told: ToldRevision;
  events: number[];
}

/** Processes, clients and what is between them, all of it without time. */
class World {
  readonly revisions: FlagSet[] = [
    { setId: 'web', createdAt: 0, revision: 0, updatedAt: Date.UTC(2027, 0, 1), flags: new Map() },
  ];
  private readonly processes: FlagSet[] = Array.from({ length: PROCESSES }, () => this.newest);
  readonly clients: FlagClient[];
  private readonly contexts: EvaluationContext[] = Array(SOCKETS).fill(CONTEXTS[0]);
  private readonly links: (Link | undefined)[] = Array(SOCKETS).fill(undefined);
  readonly pollers = Array.from({ length: POLLERS }, () => new Poller());
  private readonly streams: (Stream | undefined)[] = Array(POLLERS).fill(undefined);
  private readonly answers: Answer[][] = Array.from({ length: POLLERS }, () => []);
  /** The highest that each client has held. */
  private readonly highest: number[] = Array(SOCKETS + POLLERS).fill(-1);

  constructor(makeClient: (context: EvaluationContext) => FlagClient) {
    this.clients = this.contexts.map(makeClient);
    for (let who = 0; who < SOCKETS; who++) {
      this.connect(who, who);
      this.drain(who);
    }
  }

  get newest(): FlagSet {
    return this.revisions.at(-1) as FlagSet;
  }

  take(step: Step): void {
    switch (step.do) {
      case 'change':
      case 'changeAndTell': {
        const { key, after } = step.change;
        const changes = [{ key, before: this.newest.flags.get(key), after }];
        this.revisions.push(
          applied(this.newest, nextRevision(this.newest, { by: 'admin', changes, now: this.newest.updatedAt + 1 })),
        );
        if (step.do === 'change') break;
        for (let where = 0; where < PROCESSES; where++) this.look(where);
        for (let who = 0; who < SOCKETS; who++) this.say(who, 'push');
        break;
      }
      case 'look':
        this.look(step.where);
        break;
      case 'crash':
        for (const [index, link] of this.links.entries()) if (link?.where === step.where) this.links[index] = undefined;
        for (const [index, each] of this.streams.entries())
          if (each?.where === step.where) this.streams[index] = undefined;
        this.look(step.where);
        break;
      case 'push':
      case 'alive':
        this.say(step.who, step.do);
        break;
      case 'slow':
        this.links[step.who]?.server.forgetFlags();
        break;
      case 'drop':
        this.links[step.who] = undefined;
        break;
      case 'connect':
        this.connect(step.who, step.where);
        break;
      case 'context': {
        this.contexts[step.who] = step.context;
        const message = (this.clients[step.who] as FlagClient).change(step.context);
        this.links[step.who]?.toServer.push(message);
        break;
      }
      case 'toClient':
        for (const message of arrived(this.links[step.who]?.toClient, step.fate)) this.toClient(step.who, message);
        break;
      case 'toServer':
        for (const message of arrived(this.links[step.who]?.toServer, step.fate)) this.toServer(step.who, message);
        break;
      case 'poll':
        this.poll(step.who, step.where);
        break;
      case 'listen':
        this.listen(step.who, step.where);
        break;
      case 'answer':
        for (const answer of arrived(this.answers[step.who], step.fate)) this.pollers[step.who]?.take(answer);
        break;
      case 'event':
        // Events of one stream come in their order, or the stream is lost.
        if (step.fate === 'lost') this.streams[step.who] = undefined;
        for (const id of arrived(this.streams[step.who]?.events, 'next')) this.pollers[step.who]?.hear(id);
        break;
    }
    this.check();
  }

  /** Nothing is lost any more, and everybody is connected: what may pass until all hold the newest. */
  heal(): void {
    for (let where = 0; where < PROCESSES; where++) this.look(where);
    for (let who = 0; who < SOCKETS; who++) if (!this.links[who]) this.connect(who, 0);
    for (let who = 0; who < POLLERS; who++) if (!this.streams[who]) this.listen(who, 0);
    for (let round = 0; round < 4; round++) {
      for (let who = 0; who < SOCKETS; who++) {
        this.drain(who);
        this.say(who, 'alive');
        if (!this.links[who]) this.connect(who, 1);
        this.drain(who);
      }
      for (let who = 0; who < POLLERS; who++) {
        for (const id of this.streams[who]?.events.splice(0) ?? []) this.pollers[who]?.hear(id);
        const { revision = -1, wants } = this.pollers[who] as Poller;
        // It asks because of what it heard, or for the first time.
        if (revision < wants || revision === -1) this.poll(who, round % PROCESSES);
        for (const answer of this.answers[who]?.splice(0) ?? []) this.pollers[who]?.take(answer);
      }
      this.check();
    }
    for (const [who, client] of this.clients.entries()) {
      expect(client.revision).toBe(this.newest.revision);
      expect(client.valuesFor).toEqual(this.contexts[who]);
    }
    for (const { revision } of this.pollers) expect(revision).toBe(this.newest.revision);
  }

  /** Each holds the values of the revision that it names, and has never gone back. */
  private check(): void {
    for (const [who, { revision, values, valuesFor }] of this.clients.entries())
      if (revision !== undefined) {
        same([...values.values()].sort(byKey), evaluateAll(this.revisions[revision] as FlagSet, valuesFor));
        this.checkOrder(who, revision);
      }
    for (const [who, { revision, values }] of this.pollers.entries())
      if (revision !== undefined) {
        same(values, this.evaluated(this.revisions[revision] as FlagSet));
        this.checkOrder(SOCKETS + who, revision);
      }
  }

  private checkOrder(index: number, revision: number): void {
    if (revision < (this.highest[index] as number)) throw new Error(`back to ${revision}`);
    this.highest[index] = revision;
  }

  private look(where: number): void {
    this.processes[where] = this.newest;
    for (const stream of this.streams)
      if (stream?.where === where && stream.told.isNews(this.newest.revision)) stream.events.push(this.newest.revision);
  }

  private current(where: number): CurrentFlagSet {
    return { set: this.processes[where] as FlagSet, asOf: 0, stale: false };
  }

  private connect(who: number, where: number): void {
    const hello = (this.clients[who] as FlagClient).hello();
    this.links[who] = { where, server: new FlagConnection(), toServer: [hello], toClient: [] };
  }

  private say(who: number, what: 'push' | 'alive'): void {
    const link = this.links[who];
    if (!link) return;
    // Where no hello came in time, the server ends the connection.
    if (what === 'alive' && !link.server.held) this.links[who] = undefined;
    const current = this.current(link.where);
    const message = what === 'push' ? link.server.next(current) : link.server.signOfLife(current);
    if (message) link.toClient.push(message);
  }

  private toClient(who: number, message: ServerMessage): void {
    const answer = this.clients[who]?.take(message);
    if (answer) this.links[who]?.toServer.push(answer);
  }

  private toServer(who: number, message: ClientMessage): void {
    const link = this.links[who];
    if (!link) return;
    try {
      if (message.type === 'hello' && (message.revision ?? 0) > this.current(link.where).set.revision)
        this.look(link.where);
      link.server.receive(message);
      this.say(who, 'push');
    } catch {
      // The hello was lost: the server ends the connection.
      this.links[who] = undefined;
    }
  }

  private drain(who: number): void {
    for (let link = this.links[who]; link && link.toServer.length + link.toClient.length > 0; link = this.links[who]) {
      const [toServer] = link.toServer.splice(0, 1);
      if (toServer) this.toServer(who, toServer);
      const [toClient] = link.toClient.splice(0, 1);
      if (toClient) this.toClient(who, toClient);
    }
  }

  private listen(who: number, where: number): void {
    const { lastEventId } = this.pollers[who] as Poller;
    const stream = { where, told: new ToldRevision(lastEventId), events: [] as number[] };
    this.streams[who] = stream;
    if (lastEventId !== undefined && lastEventId > this.current(where).set.revision) this.look(where);
    const { revision } = this.current(where).set;
    if (stream.told.isNews(revision)) stream.events.push(revision);
  }

  private poll(who: number, where: number): void {
    const { revision = 0, wants } = this.pollers[who] as Poller;
    if (Math.max(revision, wants) > this.current(where).set.revision) this.look(where);
    const { set } = this.current(where);
    this.answers[who]?.push({ revision: set.revision, values: this.evaluated(set) });
  }

  private evaluated(set: FlagSet): readonly Evaluation[] {
    return evaluateAll(set, CONTEXTS[1] as EvaluationContext);
  }
}

/** Quicker than `expect`, of which there would be very many. */
function same(held: readonly Evaluation[], right: readonly Evaluation[]): void {
  if (JSON.stringify(held) !== JSON.stringify(right)) expect(held).toEqual(right);
}

const byKey = (one: Evaluation, other: Evaluation): number => (one.key < other.key ? -1 : 1);

function arrived<Message>(queue: Message[] | undefined, how: string): Message[] {
  if (!queue) return [];
  const message = how === 'last' ? queue.pop() : queue.shift();
  if (message === undefined || how === 'lost') return [];
  return how === 'twice' ? [message, message] : [message];
}

const law = (makeClient: (context: EvaluationContext) => FlagClient) =>
  fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
    const world = new World(makeClient);
    for (const each of steps) world.take(each);
    world.heal();
  });

describe('what clients hold', () => {
  it('is what the server has at a revision, never an earlier one, and the newest once they hear each other again', () => {
    fc.assert(
      law((context) => new FlagClient(context)),
      { numRuns: RUNS },
    );
  });

  it('is wrong where the last message wins', () => {
    class Trusting extends FlagClient {
      override take(message: ServerMessage): ClientMessage | undefined {
        if (message.type === 'change') return super.take({ ...message, from: this.revision ?? -1 });
        if (message.type !== 'state') return super.take(message);
        this.hold(message.revision, new Map(message.flags.map((flag) => [flag.key, flag])), message.asOf);
        return undefined;
      }
    }
    const check = fc.check(
      law((context) => new Trusting(context)),
      { numRuns: SEARCHED, endOnFailure: true },
    );
    expect(check.failed).toBe(true);
  });
});

describe('what changes from one revision to another', () => {
  it('is what evaluation of both tells, whatever the flags are', () => {
    fc.assert(
      fc.property(
        fc.array(aChange, { minLength: 2, maxLength: 12 }),
        fc.nat(),
        fc.constantFrom(...CONTEXTS),
        (changes, at, context) => {
          const world = new World((each) => new FlagClient(each));
          for (const change of changes) world.take({ do: 'change', change });
          const before = world.revisions[at % world.revisions.length] as FlagSet;
          const { flags, removed } = changedValues(before, world.newest, context);
          const values = new Map(evaluateAll(before, context).map((each) => [each.key, each]));
          for (const key of removed) expect(values.delete(key)).toBe(true);
          for (const flag of flags) {
            expect(values.get(flag.key)).not.toEqual(flag);
            values.set(flag.key, flag);
          }
          expect([...values.values()].sort(byKey)).toEqual(evaluateAll(world.newest, context));
        },
      ),
      { numRuns: RUNS },
    );
  });
});
