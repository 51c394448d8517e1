import { DomainError } from '../shared/domain-error.ts';

export const flagSetNotFound = (setId: string): DomainError =>
  new DomainError('FLAGS_SET_NOT_FOUND', `There is no flag set "${setId}".`);

export const flagSetExists = (setId: string): DomainError =>
  new DomainError(
    'FLAGS_SET_EXISTS',
    `A flag set "${setId}" exists, or existed and was deleted: its id is not given again. Choose another setId, or leave it out.`,
  );

export const flagNotFound = (setId: string, key: string): DomainError =>
  new DomainError('FLAGS_NOT_FOUND', `There is no flag "${key}" in the flag set "${setId}".`);

export const flagCycle = (path: readonly string[]): DomainError =>
  new DomainError(
    'FLAGS_CYCLE',
    `Each of these flags would need the next, and so itself: ${path.join(' → ')}. Leave one of these prerequisites out.`,
  );

export const flagSetFull = (setId: string, most: string): DomainError =>
  new DomainError(
    'FLAGS_SET_FULL',
    `The flag set "${setId}" may have ${most}, and would have more. Delete flags that nobody needs, or make another set.`,
  );

export const revisionNotFound = (setId: string, revision: number): DomainError =>
  new DomainError(
    'FLAGS_REVISION_NOT_FOUND',
    `The flag set "${setId}" has not had a revision ${revision} yet. Choose one of its history.`,
  );

export const revertTooLarge = (changes: number, most: number): DomainError =>
  new DomainError(
    'FLAGS_REVERT_TOO_LARGE',
    `${changes} flags differ between the two revisions, and one revision may change ${most}. Revert to a later revision first.`,
  );
