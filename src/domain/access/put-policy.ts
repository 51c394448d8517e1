import { type FieldIssue, invalidRequest } from '../shared/domain-error.ts';
import type { Precondition } from '../shared/precondition.ts';
import { readStatement } from '../shared/route-statement.ts';
import { changePolicy, type PolicyChanged, type PolicyChanging } from './change-policy.ts';
import { tooManyPolicies } from './errors.ts';
import type { Policy } from './policy.ts';
import { assertSubject } from './subject.ts';

/** Of a policy, those that allow and those that deny together. */
export const MAX_STATEMENTS = 100;
/** Every process holds them all, and reads them all when one changes. */
export const MAX_POLICIES = 1_000;
/** Of all policies together, in characters, each of which is one byte. */
export const MAX_STATEMENTS_LENGTH = 256 * 1_024;

export interface PutPolicyCommand {
  readonly allow: readonly string[];
  readonly deny?: readonly string[] | undefined;
}

export class PutPolicy {
  constructor(private readonly changing: PolicyChanging) {}

  /**
   * @param subject `key:<name>`, `group:<name>` or `sub:<subject>`
   * @param precondition what must hold of the policy that is there, or it stays
   * @returns the policy as it is now, and as it was before
   * @throws DomainError `INVALID_REQUEST` for what is no subject or statement, `PRECONDITION_FAILED`,
   * `ACCESS_TOO_MANY_POLICIES`, `ACCESS_LOCKOUT`, `STORE_UNAVAILABLE`
   */
  async execute(
    subject: string,
    { allow, deny = [] }: PutPolicyCommand,
    precondition?: Precondition<Policy>,
  ): Promise<PolicyChanged & { readonly after: Policy }> {
    assertSubject(subject, 'subject');
    assertStatements({ allow, deny });
    const changed = await changePolicy(
      this.changing,
      subject,
      (set) => {
        const others = set.policies.filter((policy) => policy.subject !== subject);
        const length = [...others, { allow, deny }].reduce((sum, policy) => sum + lengthOf(policy), 0);
        if (others.length >= MAX_POLICIES || length > MAX_STATEMENTS_LENGTH)
          throw tooManyPolicies(MAX_POLICIES, MAX_STATEMENTS_LENGTH);
        return { allow, deny };
      },
      precondition,
    );
    return { ...changed, after: changed.after as Policy };
  }
}

const lengthOf = ({ allow, deny }: Pick<Policy, 'allow' | 'deny'>): number =>
  [...allow, ...deny].reduce((sum, statement) => sum + statement.length, 0);

/** @throws DomainError `INVALID_REQUEST` */
function assertStatements(lists: { readonly allow: readonly string[]; readonly deny: readonly string[] }): void {
  const { allow, deny } = lists;
  if (allow.length + deny.length > MAX_STATEMENTS)
    throw invalidRequest({ path: 'allow', message: `must have at most ${MAX_STATEMENTS} statements, with deny` });
  const issues: FieldIssue[] = (['allow', 'deny'] as const).flatMap((effect) =>
    lists[effect].flatMap((text, index) => {
      const statement = readStatement(text);
      return typeof statement === 'string' ? [{ path: `${effect}[${index}]`, message: statement }] : [];
    }),
  );
  if (issues.length > 0) throw invalidRequest(...issues);
}
