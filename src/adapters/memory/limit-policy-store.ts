import type { LimitPolicy, LimitSettings } from '../../domain/limits/policy.ts';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import type { LimitPolicyStore } from '../../ports/limits.ts';
import { type Maps, memoryMaps } from './maps.ts';
import { pageOf } from './pages.ts';

const LATEST = 'latest';

export class MemoryLimitPolicyStore implements LimitPolicyStore {
  private readonly policies: Map<string, LimitPolicy>;
  /** The latest version of those that were deleted. */
  private readonly deleted: Map<string, number>;

  constructor(maps: Maps = memoryMaps) {
    this.policies = maps.map('limit-policies');
    this.deleted = maps.map('limit-policies-deleted');
  }

  async get(policyId: string): Promise<LimitPolicy | undefined> {
    return this.policies.get(policyId);
  }

  async replace(policyId: string, seen: LimitPolicy | undefined, settings: LimitSettings, now: number) {
    const present = this.policies.get(policyId);
    if (present?.version !== seen?.version) return undefined;
    const version = Math.max(now, (present?.version ?? this.latestDeleted()) + 1);
    const policy = { policyId, ...settings, version, resets: present?.resets ?? 0 };
    this.policies.set(policyId, policy);
    return policy;
  }

  async delete(seen: LimitPolicy): Promise<boolean> {
    if (this.policies.get(seen.policyId)?.version !== seen.version) return false;
    this.deleted.set(LATEST, Math.max(seen.version, this.latestDeleted()));
    return this.policies.delete(seen.policyId);
  }

  private latestDeleted(): number {
    return this.deleted.get(LATEST) ?? 0;
  }

  async noteReset(policyId: string): Promise<void> {
    const policy = this.policies.get(policyId);
    if (policy) this.policies.set(policyId, { ...policy, resets: policy.resets + 1 });
  }

  async list(page: PageRequest): Promise<Page<LimitPolicy>> {
    return pageOf(this.policies.values(), ({ policyId }) => policyId, page);
  }
}
