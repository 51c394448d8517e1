import { ID_PATTERN } from '../../../domain/shared/id-pattern.ts';
import type { TaskStatus } from '../../../domain/tasks/task.ts';
import type { TaskChange } from '../../../ports/tasks.ts';
import type { StreamRecord } from './stream-record.ts';

export interface DecodedTasks {
  /** What is to be counted, in the order of the records. */
  readonly changes: readonly TaskChange[];
  /** Queues with a task that was put in or back. */
  readonly pending: ReadonlySet<string>;
  /** Those of them where it may be claimed at once. */
  readonly due: ReadonlySet<string>;
  /** Sequence numbers of records that cannot be read as tasks; an operator has to inspect them. */
  readonly unreadable: readonly string[];
}

const STATUSES: readonly string[] = ['PENDING', 'TAKEN', 'SUCCESS', 'FAILURE', 'SHED', 'CANCELLED'];
/** The times of records are cut to seconds. */
const SECOND_MS = 1_000;

/**
 * Reads records of the tasks table's stream. All times are in the record, so that no clock decides. Never throws, whatever
 * is in them. What the first release has written is not counted: it did not say what was before.
 */
export function decodeTaskRecords(records: readonly StreamRecord[]): DecodedTasks {
  const changes: TaskChange[] = [];
  const pending = new Set<string>();
  const due = new Set<string>();
  const unreadable: string[] = [];
  for (const { eventName, dynamodb } of records) {
    // A task that is deleted was finished before.
    if (eventName !== 'INSERT' && eventName !== 'MODIFY') continue;
    const image = dynamodb?.NewImage;
    const sequenceNumber = dynamodb?.SequenceNumber ?? '';
    const queue = attribute(image?.queue, 'S')?.match(ID_PATTERN)?.[0];
    const to = statusIn(image?.status);
    const notBefore = timeIn(image?.notBefore);
    const createdAt = timeIn(image?.createdAt);
    if (queue === undefined || to === undefined || notBefore === undefined || createdAt === undefined) {
      unreadable.push(sequenceNumber);
      continue;
    }
    const isNew = eventName === 'INSERT';
    const at = secondIn(dynamodb?.ApproximateCreationDateTime) ?? createdAt;
    const by = attribute(image?.by, 'S');
    const from = isNew ? undefined : statusIn(image?.from);
    if (isNew ? by !== undefined : from !== undefined)
      changes.push({ queue, sequenceNumber, from, to, by, finishedAt: timeIn(image?.finishedAt), at });
    if (to !== 'PENDING') continue;
    pending.add(queue);
    if (notBefore <= (isNew ? createdAt : at + SECOND_MS)) due.add(queue);
  }
  return { changes, pending, due, unreadable };
}

function statusIn(value: unknown): TaskStatus | undefined {
  const text = attribute(value, 'S');
  return text !== undefined && STATUSES.includes(text) ? (text as TaskStatus) : undefined;
}

/** Lambda brings the seconds, the SDK a Date. @returns epoch ms */
function secondIn(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'number' ? value * SECOND_MS : undefined;
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
