import { LimitBusy } from '../../domain/limits/errors.ts';
import type { Limit } from '../../domain/limits/policy.ts';
import { type LimitState, standing, take } from '../../domain/limits/take.ts';
import { idempotencyKeyReused } from '../../domain/shared/domain-error.ts';
import type { KeptState, LimitKey, LimitStore, Taken, TakeRequest } from '../../ports/limits.ts';
import { type DynamoDbLimitStore, tooLate } from './limit-store.ts';

/** After so long what a process has taken and not given out is dropped, ms. */
const SLICE_MS = 100;
/** How long a repeat of an allowed take takes nothing, ms. */
const REPEAT_MS = 60_000;
/** Those that were used longest ago are forgotten, with what was left in them. */
const MAX_KEYS = 100_000;
/** More takes with an id than these are not remembered: further ones are refused until some are over. */
const MAX_TAKES = 100_000;

interface Waiting {
  readonly request: TakeRequest;
  /** As `performance.now()` has it. */
  readonly begunAt: number;
  readonly resolve: (taken: Taken) => void;
  readonly reject: (error: unknown) => void;
}

/** What a process has taken of a key. */
interface Lease {
  tokens: number;
  /** When the tokens are dropped, on the monotonic clock. */
  until: number;
  /** How much is to be taken next. */
  size: number;
  /** Given out of the present slice. */
  served: number;
  state: LimitState | undefined;
  /** When that was, by the store's time. */
  at: number;
  readonly waiting: Waiting[];
  isLeasing: boolean;
}

interface KnownTake {
  readonly content: string;
  readonly taken: Promise<Taken>;
  readonly until: number;
}

/**
 * Takes several at once and gives them out in this process: all that wait, and of a rate what it gives in 100 ms beyond. Since they are taken before they are given out, never more pass
 * than the limit lets; those that are dropped, by time or with the process, are missing from it.
 */
export class LeasedLimits implements LimitStore {
  private readonly leases = new Map<string, Lease>();
  private readonly takes = new Map<string, KnownTake>();

  /** @param elapsed ms, time asleep included */
  constructor(
    private readonly store: DynamoDbLimitStore,
    private readonly elapsed: () => number,
    private readonly maxTakes = MAX_TAKES,
  ) {}

  async take(request: TakeRequest): Promise<Taken> {
    if (request.accuracy === 'exact') return this.store.take(request);
    return request.id ? this.takeOnce(request, request.id) : this.takeLeased(request);
  }

  read(key: LimitKey): Promise<KeptState> {
    return this.store.read(key);
  }

  reset(key: LimitKey): Promise<void> {
    return this.store.reset(key);
  }

  private async takeOnce(request: TakeRequest, id: NonNullable<TakeRequest['id']>): Promise<Taken> {
    const name = `${request.policyId} ${id.id}`;
    this.forgetTakes();
    // Of copies that wait for one that fails, one is the next to try, and the others wait for it.
    for (let known = this.takes.get(name); known; known = this.takes.get(name)) {
      if (known.content !== id.content) throw idempotencyKeyReused(id.id);
      const before = await known.taken.catch(() => undefined);
      if (before?.decision.allowed) return { ...before, isReplay: true };
    }
    if (this.takes.size >= this.maxTakes) throw new LimitBusy(`${this.maxTakes} takes with an id are remembered`);
    const taken = this.takeLeased(request).then(
      (result) => {
        if (!result.decision.allowed) this.takes.delete(name);
        return result;
      },
      (error) => {
        this.takes.delete(name);
        throw error;
      },
    );
    this.takes.set(name, { content: id.content, taken, until: this.elapsed() + REPEAT_MS });
    return taken;
  }

  private forgetTakes(): void {
    const now = this.elapsed();
    for (const [name, { until }] of this.takes) {
      if (until > now) break;
      this.takes.delete(name);
    }
  }

  private takeLeased(request: TakeRequest): Promise<Taken> {
    const lease = this.leaseOf(request);
    if (lease.waiting.length === 0 && this.has(lease, request.cost)) return Promise.resolve(served(lease, request));
    return new Promise((resolve, reject) => {
      lease.waiting.push({ request, begunAt: performance.now(), resolve, reject });
      if (!lease.isLeasing) void this.serveWaiting(lease);
    });
  }

  private leaseOf({ policyId, key, limit, resets = 0 }: TakeRequest): Lease {
    const name = `${policyId} ${limit.version} ${resets} ${key}`;
    const lease = this.leases.get(name) ?? newLease();
    this.leases.delete(name);
    this.leases.set(name, lease);
    if (this.leases.size > MAX_KEYS) this.leases.delete(this.leases.keys().next().value as string);
    return lease;
  }

  private has(lease: Lease, cost: number): boolean {
    return lease.tokens >= cost && this.elapsed() < lease.until;
  }

  private async serveWaiting(lease: Lease): Promise<void> {
    lease.isLeasing = true;
    try {
      for (let first = this.nextInTime(lease); first; first = this.nextInTime(lease)) await this.leaseFor(lease, first);
    } catch (error) {
      for (const { reject } of lease.waiting.splice(0)) reject(error);
    } finally {
      lease.isLeasing = false;
    }
  }

  /** Who waits longest, after those are told that have waited for too long. */
  private nextInTime({ waiting }: Lease): Waiting | undefined {
    for (let [first] = waiting; first && this.store.isTooLate(first.begunAt); [first] = waiting)
      waiting.shift()?.reject(tooLate());
    return waiting[0];
  }

  /** One write for all that wait and can be served, and for some that will come. */
  private async leaseFor(lease: Lease, { request: first, begunAt }: Waiting): Promise<void> {
    const { limit } = first;
    const askedAt = this.elapsed();
    const isOver = askedAt >= lease.until;
    lease.size = nextSize(lease, isOver, limit);
    if (isOver) lease.tokens = 0;
    const least = Math.max(1, first.cost - lease.tokens);
    const costs = lease.waiting.map(({ request }) => request.cost);
    const most = (remaining: number) => Math.max(servable(costs, lease.tokens + remaining) - lease.tokens, lease.size);
    const { granted, state, at } = await this.store.takeSome({ ...first, cost: least }, least, most, begunAt);
    Object.assign(lease, { state, at });
    if (granted > 0) Object.assign(lease, { tokens: lease.tokens + granted, until: askedAt + SLICE_MS, served: 0 });
    for (const waiting of lease.waiting.splice(0)) {
      const { request, resolve } = waiting;
      const missing = request.cost - lease.tokens;
      if (missing <= 0) resolve(served(lease, request));
      else {
        if (take(state, limit, missing, at).decision.allowed) lease.waiting.push(waiting);
        // Without the tokens, which may be over before whoever was refused comes back.
        else resolve({ decision: take(state, limit, request.cost, at).decision, state, at });
      }
    }
  }
}

const newLease = (): Lease => ({
  tokens: 0,
  until: Number.NEGATIVE_INFINITY,
  size: 1,
  served: 0,
  state: undefined,
  at: 0,
  waiting: [],
  isLeasing: false,
});

/** How much of what is there those use up that wait: each its whole cost, or nothing. */
const servable = (costs: readonly number[], available: number): number =>
  costs.reduce((sum, cost) => (sum + cost <= available ? sum + cost : sum), 0);

/**
 * As much as was given out in the last slice; twice as much if that was all of it. At most what the rate gives meanwhile,
 * since it may be lost; of a quota what is lost is lost until the next period, so that nothing is taken for later.
 */
function nextSize({ size, served }: Lease, isOver: boolean, { rate, quota }: Limit): number {
  if (!rate || quota) return 1;
  const most = Math.max(1, Math.floor((rate.requests * SLICE_MS) / (rate.perSeconds * 1_000)));
  return Math.min(most, Math.max(1, isOver ? served : size * 2));
}

function served(lease: Lease, { limit, cost }: TakeRequest): Taken {
  lease.tokens -= cost;
  lease.served += cost;
  const { state, at, tokens } = lease;
  const decision = withTokens({ allowed: true, ...standing(state, limit, at) }, tokens);
  return { decision, state: state as LimitState, at };
}

const withTokens = <D extends { readonly remaining: number }>(decision: D, tokens: number): D => ({
  ...decision,
  remaining: decision.remaining + tokens,
});
