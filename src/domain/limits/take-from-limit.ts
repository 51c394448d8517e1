import type { KnownPolicies, KnownPolicy } from '../../ports/limits.ts';
import type { Digest } from '../../ports/system.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { limitNotFound, PolicyOutdated } from './errors.ts';
import { assertCost, assertTake } from './key.ts';
import type { Limiter, TakeAnswer } from './limiter.ts';
import type { LimitPolicy } from './policy.ts';

export interface TakeFromLimitCommand {
  readonly key: string;
  /** How much is taken; 1 unless given. */
  readonly cost?: number;
  /** Takes nothing, and says what a take would be answered. */
  readonly dryRun?: boolean;
  /** Identifies the take, so that its repeat within 60 s takes nothing. */
  readonly idempotencyKey?: string;
}

export interface TakeFromLimitResult {
  readonly answer: TakeAnswer;
  /** By which it was decided. */
  readonly policy: LimitPolicy;
}

/** Each means that a policy was changed meanwhile. */
const MAX_ATTEMPTS = 3;

export class TakeFromLimit {
  constructor(
    private readonly policies: KnownPolicies,
    private readonly limiter: Limiter,
    private readonly digest: Digest,
  ) {}

  /**
   * Asks a limit whether something may be done, and takes what it costs if so.
   *
   * @throws DomainError `LIMITS_NOT_FOUND`, `INVALID_REQUEST`, `IDEMPOTENCY_KEY_REUSED`, `STORE_UNAVAILABLE` where the policy
   * is closed then or cannot be read
   */
  async execute(policyId: string, command: TakeFromLimitCommand): Promise<TakeFromLimitResult> {
    assertTake(command.key, command.cost ?? 1);
    let outdated: number | undefined;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const known = await this.policies.find(policyId, outdated);
      if (!known) throw limitNotFound(policyId);
      try {
        return await this.takeFrom(known, command);
      } catch (error) {
        if (!(error instanceof PolicyOutdated)) throw error;
        outdated = known.policy.version;
      }
    }
    throw storeUnavailable(new Error('the policy could not be read as it is now'));
  }

  private async takeFrom(
    { policy, isStale }: KnownPolicy,
    command: TakeFromLimitCommand,
  ): Promise<TakeFromLimitResult> {
    const { key, cost = 1, dryRun = false, idempotencyKey } = command;
    assertCost(cost, policy);
    // Stores keep it, and the key may be a person's.
    const content = () => this.digest.of(JSON.stringify([key, cost]));
    const id = idempotencyKey === undefined || dryRun ? undefined : { id: idempotencyKey, content: content() };
    const answer = await this.limiter.take(policy, { key, cost, dryRun, ...(id && { id }) });
    return { policy, answer: isStale ? { ...answer, degraded: true } : answer };
  }
}
