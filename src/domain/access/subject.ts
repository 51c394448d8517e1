import { invalidRequest } from '../shared/domain-error.ts';

/** With three bytes for each of its characters it is still a sort key of DynamoDB. */
const MAX_NAME_LENGTH = 320;
const SUBJECT = new RegExp(
  `^(key|group|sub):[^\\p{Cc}\\p{Cs}\\p{Noncharacter_Code_Point}]{1,${MAX_NAME_LENGTH}}$`,
  'u',
);

/** The subject of an API key. */
export const subjectOfKey = (name: string): string => `key:${name}`;

/** Whether it is the subject of an API key, which may do everything unless a policy says otherwise. */
export const isKey = (subject: string): boolean => subject.startsWith('key:');

/**
 * Checks what a policy may speak of: `key:<name>`, `group:<name>` or `sub:<subject>`.
 *
 * @param path of the field, for the error
 * @throws DomainError `INVALID_REQUEST`
 */
export function assertSubject(text: string | undefined, path: string): asserts text is string {
  if (text === undefined || text.length > 'group:'.length + MAX_NAME_LENGTH || !SUBJECT.test(text))
    throw invalidRequest({
      path,
      message: `must be key:<name>, group:<name> or sub:<subject>, each of 1 to ${MAX_NAME_LENGTH} characters without control characters`,
    });
}
