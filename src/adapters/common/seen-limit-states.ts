import type { LimitState } from '../../domain/limits/take.ts';
import type { TakeRequest } from '../../ports/limits.ts';

/** Those that were seen longest ago are forgotten: they are read again when they are needed. */
const MAX_STATES = 100_000;

type Seen = Pick<TakeRequest, 'policyId' | 'key' | 'resets' | 'limit'>;

/**
 * States of keys as a process saw them last. In every other process they only rise, until the policy is changed or a key is
 * reset. So what a state refuses that was seen by the present version is refused, whatever others have done meanwhile.
 */
export class SeenLimitStates {
  private readonly states = new Map<string, LimitState>();

  get(request: Seen): LimitState | undefined {
    return this.states.get(nameOf(request));
  }

  set(request: Seen, state: LimitState | undefined): void {
    const name = nameOf(request);
    this.states.delete(name);
    if (state === undefined) return;
    this.states.set(name, state);
    if (this.states.size > MAX_STATES) this.states.delete(this.states.keys().next().value as string);
  }
}

/** Ids of policies have no space. A reset begins with other names, and so does a change. */
const nameOf = ({ policyId, key, resets = 0, limit }: Seen): string => `${policyId} ${limit.version} ${resets} ${key}`;
