import { type Limit, maxCost } from '../../domain/limits/policy.ts';
import { type LimitState, standing, take } from '../../domain/limits/take.ts';
import { idempotencyKeyReused } from '../../domain/shared/domain-error.ts';
import type { KeptState, LimitKey, LimitStore, Taken, TakeRequest } from '../../ports/limits.ts';
import type { DynamoDbLimitStore } from './limit-store.ts';

/** After so long what a process has taken and not given out is dropped, ms. */
const SLICE_MS = 100;
/** How long a repeat of an allowed take takes nothing, ms. */
const REPEAT_MS = 60_000;
/** Those that were used longest ago are forgotten, with what was left in them. */
const MAX_KEYS = 100_000;
/** Of a limit without a rate, so much is taken at once at most. */
const MAX_SLICE = 100;

interface Waiting {
  readonly request: TakeRequest;
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
 * Takes several at once and gives them out in this process. Since they are taken before they are given out, never more pass
 * than the limit lets; those that are dropped, by time or with the process, are missing from it.
 */
export class LeasedLimits implements LimitStore {
  private readonly leases = new Map<string, Lease>();
  private readonly takes = new Map<string, KnownTake>();

  constructor(
    private readonly store: DynamoDbLimitStore,
    private readonly elapsed: () => number = () => performance.now(),
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
    const now = this.elapsed();
    for (const [name, { until }] of this.takes) {
      if (until > now) break;
      this.takes.delete(name);
    }
    const name = JSON.stringify([request.policyId, request.key, id.id]);
    const known = this.takes.get(name);
    if (known && known.content !== id.content) throw idempotencyKeyReused(id.id);
    const before = known && (await known.taken.catch(() => undefined));
    if (before?.decision.allowed) return { ...before, isReplay: true };
    const taken = this.takeLeased(request);
    this.takes.delete(name);
    this.takes.set(name, { content: id.content, taken, until: now + REPEAT_MS });
    return taken.then(
      (result) => {
        if (!result.decision.allowed) this.takes.delete(name);
        return result;
      },
      (error) => {
        this.takes.delete(name);
        throw error;
      },
    );
  }

  private takeLeased(request: TakeRequest): Promise<Taken> {
    const lease = this.leaseOf(request);
    if (lease.waiting.length === 0 && this.has(lease, request.cost)) return Promise.resolve(served(lease, request));
    return new Promise((resolve, reject) => {
      lease.waiting.push({ request, resolve, reject });
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
      for (let [first] = lease.waiting; first; [first] = lease.waiting) await this.leaseFor(lease, first.request);
    } catch (error) {
      for (const { reject } of lease.waiting.splice(0)) reject(error);
    } finally {
      lease.isLeasing = false;
    }
  }

  /** One write for all that wait, and for some that will come. */
  private async leaseFor(lease: Lease, first: TakeRequest): Promise<void> {
    const { limit } = first;
    const askedAt = this.elapsed();
    const isOver = askedAt >= lease.until;
    const wanted = lease.waiting.reduce((sum, { request }) => sum + request.cost, 0);
    lease.size = nextSize(lease, isOver, limit);
    if (isOver) lease.tokens = 0;
    const least = Math.max(1, first.cost - lease.tokens);
    const most = Math.min(maxCost(limit), Math.max(wanted, lease.size, least));
    const { granted, state, at } = await this.store.takeSome({ ...first, cost: least }, least, most);
    Object.assign(lease, { state, at });
    if (granted > 0) Object.assign(lease, { tokens: lease.tokens + granted, until: askedAt + SLICE_MS, served: 0 });
    for (const waiting of lease.waiting.splice(0)) {
      const { request, resolve } = waiting;
      const missing = request.cost - lease.tokens;
      if (missing <= 0) resolve(served(lease, request));
      else {
        const { decision } = take(state, limit, missing, at);
        if (decision.allowed) lease.waiting.push(waiting);
        else resolve({ decision: withTokens(decision, lease.tokens), state, at });
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

/** As much as was given out in the last slice; twice as much if that was all of it. At most what the rate gives meanwhile. */
function nextSize({ size, served }: Lease, isOver: boolean, { rate }: Limit): number {
  const most = rate ? Math.ceil((rate.requests * SLICE_MS) / (rate.perSeconds * 1_000)) : MAX_SLICE;
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
