import type { PoliciesInForce } from '../../ports/access.ts';
import type { Rights } from './policies.ts';

export class ReadAccess {
  constructor(private readonly inForce: PoliciesInForce) {}

  /**
   * What a caller may do and may not do.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async execute(subjects: readonly string[]): Promise<Rights> {
    return (await this.inForce.current()).rightsOf(subjects);
  }
}
