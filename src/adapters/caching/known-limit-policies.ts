import type { LimitPolicy } from '../../domain/limits/policy.ts';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { KnownPolicies, KnownPolicy, LimitPolicyStore } from '../../ports/limits.ts';
import { within } from '../common/deadline.ts';

const FRESH_MS = 1_000;
const MAX_STALE_MS = 300_000;
/** A store that does not answer is not waited for any longer, ms. */
const ANSWER_MS = 250;
/** After a failure the store is asked again so much later, ms. */
const PAUSE_MS = 500;
/** Those that were asked for longest ago are forgotten, and read again when they are asked for. */
const MAX_POLICIES = 10_000;

interface Read {
  /** Undefined if there is none. */
  readonly policy: LimitPolicy | undefined;
  /** When it was asked for, and when the store was tried last. */
  readonly at: number;
  readonly triedAt: number;
}

/** Reads a policy again when what is known of it is a second old; of many at once that ask for one, one reads. */
export class KnownLimitPolicies implements KnownPolicies {
  private readonly reads = new Map<string, Read>();
  private readonly reading = new Map<string, Promise<void>>();

  /** @param elapsed ms, time asleep included */
  constructor(
    private readonly store: Pick<LimitPolicyStore, 'get'>,
    private readonly elapsed: () => number,
  ) {}

  async find(policyId: string, newerThan?: number): Promise<KnownPolicy | undefined> {
    let known = this.reads.get(policyId);
    const isOutdated = newerThan !== undefined && known?.policy?.version === newerThan;
    if (isOutdated || !this.isFresh(known)) {
      if (isOutdated || !known || this.elapsed() - known.triedAt >= PAUSE_MS) await this.readAgain(policyId);
      known = this.reads.get(policyId);
    }
    if (!known || this.elapsed() - known.at > MAX_STALE_MS)
      throw storeUnavailable(new Error('no policy could be read'));
    return known.policy && { policy: known.policy, isStale: !this.isFresh(known) };
  }

  private isFresh(known: Read | undefined): boolean {
    return known !== undefined && this.elapsed() - known.at <= FRESH_MS;
  }

  private readAgain(policyId: string): Promise<void> {
    const under = this.reading.get(policyId);
    if (under) return under;
    const reading = this.read(policyId).finally(() => this.reading.delete(policyId));
    this.reading.set(policyId, reading);
    return reading;
  }

  private async read(policyId: string): Promise<void> {
    const at = this.elapsed();
    const policy = await within(ANSWER_MS, this.store.get(policyId)).catch(() => 'late' as const);
    const known = this.reads.get(policyId);
    if (policy !== 'late') this.keep(policyId, { policy, at, triedAt: at });
    else if (known) this.keep(policyId, { ...known, triedAt: this.elapsed() });
  }

  private keep(policyId: string, read: Read): void {
    this.reads.delete(policyId);
    this.reads.set(policyId, read);
    if (this.reads.size > MAX_POLICIES) this.reads.delete(this.reads.keys().next().value as string);
  }
}
