import type { UpdateCommandInput } from '@aws-sdk/lib-dynamodb';

/** A record of a change stream with both images, unmarshalled. A deleted item has no new image. */
export interface ContactRecord {
  readonly id: string;
  readonly old?: Contact;
  readonly new?: Contact;
}

/** `isPersonal` is derived from `email`. */
export interface Contact {
  readonly email: string;
  readonly isPersonal?: boolean;
}

/** Gives the write, if any, with which a handler answers a record. */
export type Rule = (table: string, record: ContactRecord) => UpdateCommandInput | undefined;

const DOMAINS = ['gmail.com', 'outlook.com', 'hotmail.com'];

export const isPersonal = (email: string): boolean => DOMAINS.includes(email.slice(email.lastIndexOf('@') + 1));

/**
 * Writes the field only while its source is still the one from which it was computed:
 *
 *     writer:   a@gmail ─────────────── b@example ───────────────────
 *     handler:            reads a@gmail ─────────── sets true: refused
 */
export const keepInStep: Rule = (table, { id, new: contact }) => {
  if (!contact || contact.isPersonal === isPersonal(contact.email)) return undefined;
  return {
    TableName: table,
    Key: { id },
    UpdateExpression: 'SET isPersonal = :derived',
    ConditionExpression: 'email = :email AND (attribute_not_exists(isPersonal) OR isPersonal <> :derived)',
    ExpressionAttributeValues: { ':email': contact.email, ':derived': isPersonal(contact.email) },
  };
};

/** The rule of a common tutorial: compares the images, and writes whatever is there by then. */
export const compareImages: Rule = (table, { id, old, new: contact }) => {
  if (!contact || old?.email === contact.email || old?.isPersonal === isPersonal(contact.email)) return undefined;
  return {
    TableName: table,
    Key: { id },
    UpdateExpression: 'SET isPersonal = :derived',
    ExpressionAttributeValues: { ':derived': isPersonal(contact.email) },
  };
};
