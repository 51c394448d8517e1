import { ID_PATTERN } from '../../domain/shared/id-pattern.ts';
import type { StreamRecord } from './stream-record.ts';

export interface DecodedTasks {
  /** Queues that have a new task which may be claimed at once, and the sequence numbers of the records that say so. */
  readonly due: ReadonlyMap<string, readonly string[]>;
  /** Sequence numbers of new records that cannot be read as tasks: a person has to look at them. */
  readonly unreadable: readonly string[];
}

/**
 * Reads records of the tasks table's stream: new tasks that do not wait wake their queues. Both times are in the record,
 * so that no clock decides. Never throws, whatever is in them.
 */
export function decodeTaskRecords(records: readonly StreamRecord[]): DecodedTasks {
  const due = new Map<string, string[]>();
  const unreadable: string[] = [];
  for (const { eventName, dynamodb } of records) {
    if (eventName !== 'INSERT') continue;
    const queue = attribute(dynamodb?.NewImage?.queue, 'S')?.match(ID_PATTERN)?.[0];
    const createdAt = timeIn(dynamodb?.NewImage?.createdAt);
    const notBefore = timeIn(dynamodb?.NewImage?.notBefore);
    const sequenceNumber = dynamodb?.SequenceNumber ?? '';
    if (queue === undefined || createdAt === undefined || notBefore === undefined) unreadable.push(sequenceNumber);
    else if (notBefore <= createdAt) {
      const sequenceNumbers = due.get(queue);
      if (sequenceNumbers) sequenceNumbers.push(sequenceNumber);
      else due.set(queue, [sequenceNumber]);
    }
  }
  return { due, unreadable };
}

/** Epoch ms. */
function timeIn(value: unknown): number | undefined {
  const digits = attribute(value, 'N')?.match(/^\d{1,16}$/)?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** The text in an attribute of that type, as DynamoDB writes it: `{ "S": "mail" }`, `{ "N": "7" }`. */
function attribute(value: unknown, type: 'S' | 'N'): string | undefined {
  const text = ((value ?? {}) as Record<string, unknown>)[type];
  return typeof text === 'string' ? text : undefined;
}
