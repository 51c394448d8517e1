import { HEAD, setIdIn } from '../flag-store.ts';
import type { StreamRecord } from './stream-record.ts';

/** What records say of one set: the first and the last revision among them. */
export interface ChangedSet {
  readonly setId: string;
  readonly first: number;
  readonly last: number;
  /** Of its records. */
  readonly sequenceNumbers: readonly string[];
}

export interface DecodedHeads {
  readonly sets: readonly ChangedSet[];
  /** Records of heads that cannot be read; an operator has to inspect them. */
  readonly unreadable: readonly { readonly sequenceNumber: string; readonly problem: string }[];
}

/** Reads records of the flags table's stream: heads of sets that were changed or deleted. Never throws. */
export function decodeHeads(records: readonly StreamRecord[]): DecodedHeads {
  const sets = new Map<string, ChangedSet>();
  const unreadable: { sequenceNumber: string; problem: string }[] = [];
  for (const { eventName, dynamodb } of records) {
    const { NewImage: item, SequenceNumber: sequenceNumber = '' } = dynamodb ?? {};
    const {
      pk,
      sk,
      revision: number,
    } = (item ?? {}) as Readonly<Record<string, { S?: string; N?: string } | undefined>>;
    const setId = setIdIn(pk?.S);
    // Heads that are new have nobody who waits, and those that are gone were deleted before.
    if (eventName !== 'MODIFY' || (item && (sk?.S !== HEAD || setId === undefined))) continue;
    const revision = Number(number?.N);
    if (setId === undefined || !Number.isSafeInteger(revision)) {
      unreadable.push({ sequenceNumber, problem: item ? 'no revision' : 'no image' });
      continue;
    }
    const before = sets.get(setId);
    sets.set(setId, {
      setId,
      first: Math.min(revision, before?.first ?? revision),
      last: Math.max(revision, before?.last ?? revision),
      sequenceNumbers: [...(before?.sequenceNumbers ?? []), sequenceNumber],
    });
  }
  return { sets: [...sets.values()], unreadable };
}
