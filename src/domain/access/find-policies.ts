import type { PolicyStore } from '../../ports/access.ts';
import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../shared/page.ts';
import { sortable } from '../shared/sortable.ts';
import { policyNotFound } from './errors.ts';
import type { Policy } from './policy.ts';
import { assertSubject } from './subject.ts';

export class FindPolicies {
  constructor(private readonly store: PolicyStore) {}

  /** @throws DomainError `INVALID_REQUEST` for what is no subject, `ACCESS_POLICY_NOT_FOUND`, `STORE_UNAVAILABLE` */
  async of(subject: string): Promise<Policy> {
    assertSubject(subject, 'subject');
    const policy = await this.store.get(subject);
    if (!policy) throw policyNotFound(subject);
    return policy;
  }

  /**
   * All policies, the one that was changed last at the end: whoever reads page after page misses none.
   *
   * @throws DomainError `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE`
   */
  async list({ limit, cursor }: PageRequest): Promise<Page<Policy>> {
    const after = cursor === undefined ? '' : sortKeyIn(cursor);
    const { policies } = await this.store.read();
    const rest = policies
      .filter(({ revision }) => sortable(revision) > after)
      .sort((one, other) => one.revision - other.revision);
    return pageFrom(rest, limit, ({ revision }) => sortable(revision));
  }
}
