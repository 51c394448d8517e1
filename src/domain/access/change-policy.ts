import type { PoliciesInForce, PolicyStore } from '../../ports/access.ts';
import type { Clock } from '../../ports/system.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { lockout } from './errors.ts';
import { isLockedOut } from './policies.ts';
import { type Policy, type PolicySet, policyIn } from './policy.ts';
import { inForceBy, type Propagation } from './propagation.ts';

/** What changes of policies are made with. */
export interface PolicyChanging {
  readonly store: PolicyStore;
  readonly inForce: PoliciesInForce;
  /** The store's. */
  readonly clock: Clock;
  /** By which durations are measured, time asleep included. */
  readonly elapsed: Clock;
  readonly propagation: Propagation;
  /** Of the configured keys. */
  readonly keyNames: readonly string[];
}

export interface PolicyChanged {
  readonly before: Policy | undefined;
  /** Undefined once it is removed. */
  readonly after: Policy | undefined;
  /** Of the change. */
  readonly revision: number;
  /** From when on every request is judged by it, epoch ms in the store's time. */
  readonly effectiveBy: number;
}

/**
 * Changes the policy of a subject as the policies were seen. Of two changes at once one is made first, and the other is
 * then checked anew: nobody is locked out by two changes of which each would leave a way.
 *
 * @param next what the policy is to say; undefined to remove it
 * @throws DomainError `PRECONDITION_FAILED`, `ACCESS_LOCKOUT`, `STORE_UNAVAILABLE`, and what `next` throws
 */
export function changePolicy(
  { store, inForce, clock, elapsed, propagation, keyNames }: PolicyChanging,
  subject: string,
  next: (set: PolicySet) => Pick<Policy, 'allow' | 'deny'> | undefined,
  precondition: Precondition<Policy> = () => true,
): Promise<PolicyChanged> {
  return changeIf<PolicySet, PolicyChanged>(
    (set) => precondition(set && policyIn(set, subject)),
    () => store.read(),
    async (seen) => {
      const set = seen as PolicySet;
      const wanted = next(set);
      const revision = set.version + 1;
      const [begun, start] = [clock.now(), elapsed.now()];
      const written = wanted && { subject, ...wanted, revision, effectiveBy: inForceBy(propagation, begun, 0) };
      const others = set.policies.filter((policy) => policy.subject !== subject);
      const changed = { version: revision, policies: written ? [...others, written] : others };
      if (isLockedOut(changed, keyNames) && !isLockedOut(set, keyNames)) throw lockout();
      if (!(await store.change(set, subject, written))) return undefined;
      inForce.renew();
      const effectiveBy = inForceBy(propagation, begun, elapsed.now() - start);
      const after = written && { ...written, effectiveBy };
      // Who reads it later is to be told the same. Whoever asked for the change is told the truth in any case.
      if (after && after.effectiveBy > (written?.effectiveBy ?? 0)) await store.postpone(after).catch(() => undefined);
      return { before: policyIn(set, subject), after, revision, effectiveBy };
    },
  );
}
