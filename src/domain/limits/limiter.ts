import type { LimitCounts, LimitStore, TakeId, Taken, TakeRequest } from '../../ports/limits.ts';
import { DomainError } from '../shared/domain-error.ts';
import { LimitBusy } from './errors.ts';
import { type Limit, type LimitSettings, shareOf } from './policy.ts';
import { type Decision, standing, take, type Violated } from './take.ts';

/** What is taken from: a policy, or a limit of the service itself. */
export interface Limited extends Limit, Pick<LimitSettings, 'mode' | 'accuracy' | 'onStoreFailure'> {
  readonly policyId: string;
  readonly resets?: number;
  /** A limit of the service itself, whose takes nobody reads the counts of. */
  readonly isOwn?: true;
}

export interface TakeCommand {
  readonly key: string;
  readonly cost: number;
  readonly id?: TakeId;
  /** Takes nothing, and says what a take would be answered. */
  readonly dryRun?: boolean;
}

export interface TakeAnswer {
  readonly allowed: boolean;
  /** What passes now, if nobody else takes. */
  readonly remaining: number;
  /** After how many whole seconds all is there again, if nothing is taken. */
  readonly resetSeconds: number;
  /** Of a refusal: nothing of this cost passes earlier. */
  readonly retryAfterMs?: number;
  readonly violated?: Violated;
  /** In shadow mode: the take was allowed, and would not have been. */
  readonly wouldRefuse?: true;
  /** The limit was not the one of all processes. */
  readonly degraded: boolean;
  readonly isReplay: boolean;
}

/** Takes from limits, whatever becomes of the store. */
export class Limiter {
  /** @param local buckets of this process alone */
  constructor(
    private readonly store: LimitStore,
    private readonly local: LimitStore,
    private readonly counts: LimitCounts,
  ) {}

  /**
   * @throws DomainError `STORE_UNAVAILABLE` if the limit is closed then, `IDEMPOTENCY_KEY_REUSED`, `LIMITS_POLICY_OUTDATED`
   */
  async take(limited: Limited, command: TakeCommand): Promise<TakeAnswer> {
    const { answer, refused } = await this.decide(limited, command);
    this.counts.bePresent();
    if (!limited.isOwn && !command.dryRun && !answer.isReplay)
      this.counts.add(limited.policyId, {
        allowed: refused ? 0 : 1,
        refused: refused ? 1 : 0,
        degraded: answer.degraded ? 1 : 0,
      });
    return answer;
  }

  private async decide(limited: Limited, command: TakeCommand): Promise<{ answer: TakeAnswer; refused: boolean }> {
    const request = requestOf(limited, command);
    try {
      const taken = command.dryRun ? await this.wouldTake(request) : await this.store.take(request);
      return answered(limited, taken, taken.isShared === true);
    } catch (error) {
      if (!isUnavailable(error) || limited.onStoreFailure === 'closed') throw error;
      // A key that is busy has somebody who asks too much of it, and does not get more for that.
      if (limited.onStoreFailure === 'open' && !(error instanceof LimitBusy))
        return { answer: openAnswer, refused: false };
      return answered(limited, await this.takeLocally(request, command.dryRun === true), true);
    }
  }

  private async wouldTake(request: TakeRequest, store = this.store): Promise<Taken> {
    const { state, at } = await store.read(request);
    return { ...take(state, request.limit, request.cost, at), at };
  }

  /** From this process's share. A take that costs more than that passes when all of it is there, and is charged whole. */
  private async takeLocally(request: TakeRequest, dryRun: boolean): Promise<Taken> {
    const processes = this.counts.processes();
    const local = { ...request, limit: shareOf(request.limit, processes, request.cost) };
    const taken = await (dryRun ? this.wouldTake(local, this.local) : this.local.take(local));
    const left = standing(taken.state, shareOf(request.limit, processes), taken.at);
    return { ...taken, decision: { ...taken.decision, ...left } };
  }
}

/** Nobody knows what is left. */
const openAnswer: TakeAnswer = { allowed: true, remaining: 0, resetSeconds: 0, degraded: true, isReplay: false };

const isUnavailable = (error: unknown): boolean => error instanceof DomainError && error.code === 'STORE_UNAVAILABLE';

const requestOf = (limited: Limited, { key, cost, id }: TakeCommand): TakeRequest => ({
  policyId: limited.policyId,
  key,
  limit: limited,
  accuracy: limited.accuracy,
  cost,
  ...(id && { id }),
  ...(limited.resets !== undefined && { resets: limited.resets }),
});

function answered({ mode }: Limited, taken: Taken, degraded: boolean): { answer: TakeAnswer; refused: boolean } {
  const { decision, at, isReplay = false } = taken;
  const refused = !decision.allowed;
  const isShadow = mode === 'shadow';
  const answer = {
    ...shown(decision, at),
    ...(isShadow && refused && { allowed: true, wouldRefuse: true as const }),
    degraded,
    isReplay,
  };
  return { answer, refused };
}

const shown = ({ allowed, remaining, resetMs, retryAt, violated }: Decision, at: number) => ({
  allowed,
  remaining,
  resetSeconds: Math.ceil(resetMs / 1_000),
  ...(retryAt !== undefined && { retryAfterMs: Math.max(1, retryAt - at) }),
  ...(violated && { violated }),
});
