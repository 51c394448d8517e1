import type { PolicyStore } from '../../ports/access.ts';
import { type Decision, Policies } from './policies.ts';
import { NO_POLICIES } from './policy.ts';
import { assertSubject } from './subject.ts';

export class ExplainDecision {
  constructor(private readonly store: PolicyStore) {}

  /**
   * How a request would be judged by the policies that are stored now.
   *
   * @param segments of the route's path, with its parameters decoded
   * @throws DomainError `INVALID_REQUEST` for what is no subject, `STORE_UNAVAILABLE`
   */
  async execute(subjects: readonly string[], method: string, segments: readonly string[]): Promise<Decision> {
    for (const [index, subject] of subjects.entries()) assertSubject(subject, `subjects[${index}]`);
    const stored = await Promise.all([...new Set(subjects)].map((subject) => this.store.get(subject)));
    const policies = stored.filter((policy) => policy !== undefined);
    return new Policies({ ...NO_POLICIES, policies }).decide(subjects, method, segments);
  }
}
