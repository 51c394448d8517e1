import { DomainError } from '../shared/domain-error.ts';

export const policyNotFound = (subject: string): DomainError =>
  new DomainError('ACCESS_POLICY_NOT_FOUND', `There is no policy for "${subject}".`);

export const lockout = (): DomainError =>
  new DomainError(
    'ACCESS_LOCKOUT',
    'No key of API_KEYS could put or delete the policy of a key any more. Leave one of them the right to.',
  );

/**
 * @param most policies
 * @param mostText characters of all their statements
 */
export const tooManyPolicies = (most: number, mostText: number): DomainError =>
  new DomainError(
    'ACCESS_TOO_MANY_POLICIES',
    `There may be ${most} policies, and their statements may have ${mostText} characters together. ` +
      'Delete or shorten a policy first.',
  );
