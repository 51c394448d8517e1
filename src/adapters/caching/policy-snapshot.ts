import { Policies } from '../../domain/access/policies.ts';
import { MAX_AGE_MS } from '../../domain/access/propagation.ts';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { PoliciesInForce, PolicyStore } from '../../ports/access.ts';
import type { Clock } from '../../ports/system.ts';
import { within } from '../common/deadline.ts';

/** From this age on the version is read again, so that requests need not wait for it, ms. */
const RENEW_AGE_MS = 1_000;
/** How long a request waits for the store, ms. */
const WAIT_MS = 2_500;
/** How old policies may be for requests that are rather judged by them than refused, ms. */
const LAST_KNOWN_MS = 300_000;

/** Policies, and when the last read began that found them to be those of the store. */
interface Confirmed {
  readonly policies: Policies;
  readonly at: number;
}

/**
 * A copy of the policies in the process. Before it is used, its version must have been confirmed by a consistent read that
 * began at most `MAX_AGE_MS` ago; all policies are read only where that has moved. See there for why that is enough.
 */
export class PolicySnapshot implements PoliciesInForce {
  private confirmed: Confirmed | undefined;
  private reading: { readonly done: Promise<void>; readonly begun: number } | undefined;
  /** The newest version that any read has seen. */
  private newest = { version: 0, seenAt: Number.NEGATIVE_INFINITY };
  /** Reads that began before do not hold a change that this process knows of. */
  private staleBefore = Number.NEGATIVE_INFINITY;

  /**
   * @param elapsed counts time asleep as well: the greater of what the monotonic and the wall clock say
   */
  constructor(
    private readonly store: Pick<PolicyStore, 'version' | 'read'>,
    private readonly elapsed: Clock,
  ) {}

  current(): Policies | Promise<Policies> {
    const { confirmed } = this;
    if (confirmed && this.isUsable(confirmed)) {
      if (this.ageOf(confirmed.at) >= RENEW_AGE_MS) this.read().catch(() => undefined);
      return confirmed.policies;
    }
    return this.awaited();
  }

  lastKnown(): Policies | undefined {
    return this.confirmed && this.ageOf(this.confirmed.at) <= LAST_KNOWN_MS ? this.confirmed.policies : undefined;
  }

  renew(): void {
    this.staleBefore = this.elapsed.now();
    // A read that is under way may have begun before the change.
    this.reading = undefined;
  }

  private async awaited(): Promise<Policies> {
    const arrived = this.elapsed.now();
    for (let failures = 0; ; ) {
      const leftMs = WAIT_MS - this.ageOf(arrived);
      const outcome = leftMs > 0 ? await within(leftMs, this.read().catch(failure)) : 'late';
      if (outcome === 'late') throw storeUnavailable(new Error(`the policies could not be read within ${WAIT_MS} ms`));
      // The first read that failed may have been under way already.
      if (outcome && ++failures === 2) throw outcome.error;
      // Not where the process stood still, or a policy was changed, while the read was under way.
      if (this.confirmed && this.isUsable(this.confirmed)) return this.confirmed.policies;
    }
  }

  /** Begins a read, unless one is under way that did not stand still with the process. */
  private read(): Promise<void> {
    if (this.reading && this.ageOf(this.reading.begun) <= WAIT_MS) return this.reading.done;
    const reading = {
      begun: this.elapsed.now(),
      done: this.readOnce().finally(() => {
        if (this.reading === reading) this.reading = undefined;
      }),
    };
    this.reading = reading;
    return reading.done;
  }

  private async readOnce(): Promise<void> {
    const known = this.confirmed?.policies;
    const begun = this.elapsed.now();
    if (known) {
      const version = await this.store.version();
      if (!this.isNewest(version, begun)) return;
      if (version === known.version) return this.confirm({ policies: known, at: begun });
    }
    const at = this.elapsed.now();
    const set = await this.store.read();
    if (this.isNewest(set.version, at)) this.confirm({ policies: new Policies(set), at });
  }

  /**
   * A read that was overtaken by one which saw more brings nothing.
   *
   * @throws DomainError `STORE_UNAVAILABLE` where versions went back, as in a table that was restored: nobody knows what holds
   */
  private isNewest(version: number, begun: number): boolean {
    if (version >= this.newest.version) {
      this.newest = { version, seenAt: version > this.newest.version ? this.elapsed.now() : this.newest.seenAt };
      return true;
    }
    if (begun <= this.newest.seenAt) return false;
    const { version: seen } = this.newest;
    throw storeUnavailable(
      new Error(`the policies went back from version ${seen} to ${version}: start this process anew`),
    );
  }

  private confirm(confirmed: Confirmed): void {
    if (confirmed.at >= (this.confirmed?.at ?? Number.NEGATIVE_INFINITY)) this.confirmed = confirmed;
  }

  private isUsable({ at }: Confirmed): boolean {
    return at >= this.staleBefore && this.ageOf(at) <= MAX_AGE_MS;
  }

  private ageOf(time: number): number {
    return this.elapsed.now() - time;
  }
}

const failure = (error: unknown): { readonly error: unknown } => ({ error });
