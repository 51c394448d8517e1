import { DomainError } from '../shared/domain-error.ts';

export const policyNotFound = (subject: string): DomainError =>
  new DomainError('ACCESS_POLICY_NOT_FOUND', `There is no policy for "${subject}".`);

export const lockout = (): DomainError =>
  new DomainError(
    'ACCESS_LOCKOUT',
    'No key of API_KEYS could put or delete the policy of a key any more. Leave one of them the right to.',
  );

export const tooManyPolicies = (most: number): DomainError =>
  new DomainError('ACCESS_TOO_MANY_POLICIES', `There are ${most} policies. Delete one that nobody needs first.`);
