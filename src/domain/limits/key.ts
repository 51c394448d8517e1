import { type FieldIssue, invalidRequest } from '../shared/domain-error.ts';
import { type Limit, maxCost } from './policy.ts';

/** In UTF-16 code units. */
const MAX_KEY_LENGTH = 256;

function keyIssues(key: string): FieldIssue[] {
  if (key.length < 1 || key.length > MAX_KEY_LENGTH)
    return [{ path: 'key', message: `must have 1 to ${MAX_KEY_LENGTH} characters` }];
  // Half a character would be stored as another one, and share its bucket.
  return /\p{Surrogate}/u.test(key) ? [{ path: 'key', message: 'must be well-formed Unicode' }] : [];
}

/** @throws DomainError `INVALID_REQUEST` for what cannot be a key */
export function assertKey(key: string): void {
  const issues = keyIssues(key);
  if (issues.length > 0) throw invalidRequest(...issues);
}

/** @throws DomainError `INVALID_REQUEST` for what can never be taken from this limit */
export function assertTake(key: string, cost: number, limit: Limit): void {
  const most = maxCost(limit);
  const issues = keyIssues(key);
  if (!Number.isInteger(cost) || cost < 1 || cost > most)
    issues.push({
      path: 'cost',
      message: `must be a whole number, 1 to ${most}, of what this limit lets pass at once`,
    });
  if (issues.length > 0) throw invalidRequest(...issues);
}
