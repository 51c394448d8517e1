import { invalidCursor } from '../../domain/shared/page.ts';

/** A cursor for the page behind the item with this key. */
export const writeCursor = (key: string): string => Buffer.from(key).toString('base64url');

/**
 * The key in a cursor.
 *
 * @throws DomainError `INVALID_REQUEST` for one that holds no key of this form
 */
export function readCursor(cursor: string, form: RegExp): string {
  const key = Buffer.from(cursor, 'base64url').toString();
  if (!form.test(key)) throw invalidCursor();
  return key;
}
