import type { LimitCounts, LimitPolicyStore } from '../../ports/limits.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { type CountedPolicy, noTakes } from './get-limit.ts';

export class ListLimits {
  constructor(
    private readonly policies: LimitPolicyStore,
    private readonly counts: LimitCounts,
  ) {}

  /** @throws DomainError `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE` */
  async execute(page: PageRequest): Promise<Page<CountedPolicy>> {
    const { items, ...next } = await this.policies.list(page);
    const counts = await this.counts.read(items.map(({ policyId }) => policyId));
    return { items: items.map((policy) => ({ policy, counts: counts.get(policy.policyId) ?? noTakes })), ...next };
  }
}
