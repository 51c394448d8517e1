import { createHash } from 'node:crypto';
import type { LimitKey } from '../../ports/limits.ts';
import { type TableDefinition, tableWithSortKey } from './tables.ts';

/** Policies, what their keys have taken, takes that carry an id, and counts, each under a partition key of its own. */
export const limitTableDefinition = (name: string): TableDefinition => ({
  ...tableWithSortKey(name),
  ttlAttribute: 'ttl',
});

export const POLICIES = 'POLICIES';
export const policyKey = (policyId: string) => ({ pk: POLICIES, sk: policyId });
/** The latest version of a policy that was deleted. */
export const DELETED = { pk: 'DELETED', sk: 'LATEST' };
/** A key may be an address or a name, which is nobody's business who can read the table; and may be too long for one. */
export const keyKey = ({ policyId, key }: LimitKey) => ({ pk: `KEY#${policyId}#${hash(key)}`, sk: 'KEY' });
/** Whatever its key is: the same id for another key is refused. */
export const takeKey = ({ policyId }: LimitKey, id: string) => ({
  pk: `TAKE#${policyId}#${hash(id)}`,
  sk: 'TAKE',
});
export const countsPartition = (policyId: string): string => `COUNTS#${policyId}`;

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Items are kept for longer than they are needed, so that no clock that is wrong ends them early, ms. */
const MARGIN_MS = 60_000;

/** Epoch s, as DynamoDB wants it. @param end epoch ms */
export const ttlOf = (end: number): number => Math.ceil((end + MARGIN_MS) / 1_000);
