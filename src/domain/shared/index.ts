/** What all contexts share, as others may use it: `portside/shared`. */
export {
  DomainError,
  type DomainErrorDetails,
  type FieldIssue,
  idempotencyKeyReused,
  invalidRequest,
  storeUnavailable,
} from './domain-error.ts';
export { cursorBehind, type Page, type PageRequest, pagesOf, sortKeyIn } from './page.ts';
export type { Precondition } from './precondition.ts';
export { react } from './react.ts';
export { type Effect, OUTAGE_SECONDS, type Reaction } from './reaction.ts';
