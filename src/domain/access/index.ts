/** The access context as others may use it: `portside/access`. */

export { isMatch, METHODS, type RouteStatement, readStatement } from '../shared/route-statement.ts';
export { changePolicy, type PolicyChanged, type PolicyChanging } from './change-policy.ts';
export { DeletePolicy } from './delete-policy.ts';
export { lockout, policyNotFound, tooManyPolicies } from './errors.ts';
export { ExplainDecision } from './explain-decision.ts';
export { FindPolicies } from './find-policies.ts';
export { type Decision, isLockedOut, Policies, type Reason, type Rights } from './policies.ts';
export type { Policy, PolicySet } from './policy.ts';
export { AT_ONCE, inForceBy, MAX_AGE_MS, type Propagation, WITHIN_SECONDS } from './propagation.ts';
export { MAX_POLICIES, MAX_STATEMENTS, MAX_STATEMENTS_LENGTH, PutPolicy, type PutPolicyCommand } from './put-policy.ts';
export { ReadAccess } from './read-access.ts';
export { isKey, subjectOfKey } from './subject.ts';
