import { isDeepStrictEqual } from 'node:util';
import { Policies } from '../../domain/access/policies.ts';
import { NO_POLICIES, type Policy, type PolicySet, policyIn } from '../../domain/access/policy.ts';
import type { PoliciesInForce, PolicyStore } from '../../ports/access.ts';
import { type Maps, memoryMaps } from './maps.ts';

const ALL = 'all';

/** All policies are one value, so that each change is one too. */
export class MemoryPolicyStore implements PolicyStore {
  private readonly sets: Map<string, PolicySet>;

  constructor(maps: Maps = memoryMaps) {
    this.sets = maps.map('policies');
  }

  /** All policies as they are now, whether they are on disk yet or not. */
  get present(): PolicySet {
    return this.sets.get(ALL) ?? NO_POLICIES;
  }

  async get(subject: string): Promise<Policy | undefined> {
    return policyIn(this.present, subject);
  }

  async version(): Promise<number> {
    return this.present.version;
  }

  async read(): Promise<PolicySet> {
    return this.present;
  }

  async change(seen: PolicySet, subject: string, policy: Policy | undefined): Promise<boolean> {
    const { version, policies } = this.present;
    if (version !== seen.version) return false;
    const others = policies.filter((other) => other.subject !== subject);
    this.sets.set(ALL, { version: version + 1, policies: policy ? [...others, policy] : others });
    return true;
  }

  async postpone(policy: Policy): Promise<void> {
    const { version, policies } = this.present;
    const isUnchanged = (stored: Policy) => isDeepStrictEqual({ ...stored, effectiveBy: policy.effectiveBy }, policy);
    if (!policies.some(isUnchanged)) return;
    this.sets.set(ALL, { version, policies: policies.map((stored) => (isUnchanged(stored) ? policy : stored)) });
  }
}

/** The policies of the process that keeps them: whatever it holds is in force at once. */
export class MemoryPoliciesInForce implements PoliciesInForce {
  private read: { readonly set: PolicySet; readonly policies: Policies } | undefined;

  constructor(private readonly store: Pick<MemoryPolicyStore, 'present'>) {}

  current(): Policies {
    const set = this.store.present;
    // Not the version: a change that a full disk took back leaves its number to the next one.
    if (this.read?.set !== set) this.read = { set, policies: new Policies(set) };
    return this.read.policies;
  }

  lastKnown(): Policies {
    return this.current();
  }

  renew(): void {}
}
