import { createHash } from 'node:crypto';
import { PolicyOutdated } from '../../domain/limits/errors.ts';
import { type Decision, fullAt, type LimitState, take } from '../../domain/limits/take.ts';
import { idempotencyKeyReused, storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { KeptState, LimitKey, LocalLimitStore, Taken, TakeRequest } from '../../ports/limits.ts';
import type { Clock } from '../../ports/system.ts';
import { type Maps, memoryMaps } from './maps.ts';

/** How long a repeat of an allowed take takes nothing, ms. */
const REPEAT_MS = 60_000;
const MAX_KEYS = 1_000_000;
/** Over so many buckets keys are spread for which there is no room. */
const SHARED_BUCKETS = 4_096;
/** How many entries are looked at for each that is added: two, so that what is over is found before twice as much is there. */
const LOOKS = 2;

interface KnownTake {
  readonly content: string;
  readonly decision: Decision;
  readonly state: LimitState;
  readonly at: number;
}

/**
 * Buckets of one process. One that is full again is forgotten; one that is not never is: when there is no room for another
 * key, that key shares a bucket with others, lest whoever makes up keys gets buckets emptied or filled again.
 */
export class MemoryLimitStore implements LocalLimitStore {
  private readonly states: Expiring<LimitState>;
  private readonly shared = new Map<string, LimitState>();
  private readonly takes: Expiring<KnownTake>;

  constructor(
    private readonly clock: Clock,
    maps: Maps = memoryMaps,
    private readonly maxKeys = MAX_KEYS,
  ) {
    this.states = new Expiring(maps.map('limit-keys'), fullAt);
    this.takes = new Expiring(maps.map('limit-takes'), ({ at }) => at + REPEAT_MS);
  }

  async take(request: TakeRequest): Promise<Taken> {
    const { id } = request;
    const now = this.clock.now();
    const takeName = id && `${request.policyId} ${id.id}`;
    const known = takeName === undefined ? undefined : this.takes.get(takeName, now);
    if (id && known) {
      if (known.content !== id.content) throw idempotencyKeyReused(id.id);
      return { decision: known.decision, state: known.state, at: known.at, isReplay: true };
    }
    const { taken, keep } = this.tried(request, now);
    if (takeName !== undefined && !this.takes.hasRoom(this.maxKeys, now)) throw storeUnavailable(new Error('full'));
    keep();
    const { decision, state } = taken;
    if (id && takeName !== undefined && decision.allowed)
      this.takes.set(takeName, { content: id.content, decision, state, at: now }, now);
    return taken;
  }

  takeAll(requests: readonly TakeRequest[]): readonly Taken[] {
    const now = this.clock.now();
    const tried = requests.map((request) => this.tried(request, now));
    if (tried.every(({ taken }) => taken.decision.allowed)) for (const { keep } of tried) keep();
    return tried.map(({ taken }) => taken);
  }

  /** What a take comes to, and how it is kept. */
  private tried(request: TakeRequest, now: number): { readonly taken: Taken; readonly keep: () => void } {
    const { limit, cost } = request;
    const name = nameOf(request);
    const kept = this.states.get(name, now);
    const isShared = kept === undefined && !this.states.hasRoom(this.maxKeys, now);
    const found = isShared ? this.shared.get(sharedName(request)) : kept;
    if (found && found.version > limit.version) throw new PolicyOutdated(found.version);
    const { decision, state } = take(found, limit, cost, now);
    const keep = () => {
      // On disk each is written: a refusal costs nothing.
      if (state === found || (!found && !decision.allowed)) return;
      if (isShared) this.shared.set(sharedName(request), state);
      else this.states.set(name, state, now);
    };
    return { taken: { decision, state, at: now, ...(isShared && { isShared }) }, keep };
  }

  async read(key: LimitKey): Promise<KeptState> {
    const at = this.clock.now();
    return { state: this.states.get(nameOf(key), at), at };
  }

  async reset(key: LimitKey): Promise<void> {
    this.states.delete(nameOf(key));
  }
}

/** Ids of policies have no space. */
const nameOf = ({ policyId, key }: LimitKey): string => `${policyId} ${key}`;

const sharedName = ({ policyId, key }: LimitKey): string =>
  `${policyId} ${createHash('sha256').update(key).digest().readUInt32BE() % SHARED_BUCKETS}`;

/** A map whose entries end. What is over is found by going round, a few entries with each that is added. */
class Expiring<V> {
  private round: IterableIterator<[string, V]>;

  /** @param endOf epoch ms */
  constructor(
    private readonly map: Map<string, V>,
    private readonly endOf: (value: V) => number,
  ) {
    this.round = map.entries();
  }

  get(key: string, now: number): V | undefined {
    const value = this.map.get(key);
    return value !== undefined && this.endOf(value) > now ? value : undefined;
  }

  set(key: string, value: V, now: number): void {
    this.map.set(key, value);
    for (let look = 0; look < LOOKS; look++) this.look(now);
  }

  delete(key: string): void {
    this.map.delete(key);
  }

  /** Whether one more may be added, after a longer look for what is over if there seems to be no room. */
  hasRoom(max: number, now: number): boolean {
    for (let look = 0; this.map.size >= max && look < 4 * LOOKS; look++) this.look(now);
    return this.map.size < max;
  }

  private look(now: number): void {
    const next = this.round.next();
    if (next.done) this.round = this.map.entries();
    else if (this.endOf(next.value[1]) <= now) this.map.delete(next.value[0]);
  }
}
