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

/** @throws DomainError `INVALID_REQUEST` for what can be taken from no limit */
export function assertTake(key: string, cost: number): void {
  const issues = keyIssues(key);
  if (!Number.isInteger(cost) || cost < 1) issues.push({ path: 'cost', message: 'must be a whole number from 1' });
  if (issues.length > 0) throw invalidRequest(...issues);
}

/** @throws DomainError `INVALID_REQUEST` for more than ever passes at once */
export function assertCost(cost: number, limit: Limit): void {
  const most = maxCost(limit);
  if (cost > most)
    throw invalidRequest({ path: 'cost', message: `must be at most ${most}, which passes at once here` });
}
