import type { DeleteCommandInput, PutCommandInput, UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { canonicalJson } from '../../domain/tasks/json-text.ts';
import { isOpen, type Lease, type Task } from '../../domain/tasks/task.ts';
import { type Entry, indexKeyOf, laterList, openKey, placeIn } from './open-index.ts';

/**
 * Adds a task unless its id exists. Like every change it stores the previous status (`from`, here none) and the process
 * that added or ended an open task (`by`), so that the record in the change stream can be counted.
 *
 *     copy 1:  put if new ─ added
 *     copy 2:              put if new ─ refused, with the first task
 */
export function putTask(table: string, task: Task, by: string, laterFrom: number): PutCommandInput {
  const isNew = 'attribute_not_exists(taskId)';
  return {
    TableName: table,
    Item: { ...task, ...indexKeyOf(task, laterFrom), by },
    ConditionExpression: isNew,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/**
 * Claims a PENDING task; the first of several claims succeeds.
 *
 *     A:  claim ─ TAKEN until 30 s, fence a ─ dies
 *     B:         claim ─ refused
 *     C:                                      30 s: takes over, if the fence is a ─ TAKEN, fence c
 *     A:                                                     finish with a ─ refused, the fence is c
 */
export function claimTask(table: string, taskId: string, lease: Lease): UpdateCommandInput {
  const isPending = '#status = :pending';
  const isDue = 'notBefore <= :claimedAt';
  const isInTime = 'expiresAt > :claimedAt';
  const hasAttemptLeft = 'attempt < maxAttempts';
  const { worker } = lease;
  return {
    TableName: table,
    Key: { taskId },
    UpdateExpression: [
      'SET #status = :taken, fence = :fence, claimedAt = :claimedAt, leaseSeconds = :leaseSeconds, leaseUntil = :leaseUntil,',
      '#from = #status, attempt = attempt + :one, deliveries = if_not_exists(deliveries, attempt) + :one',
      worker === undefined ? 'REMOVE endedBy, worker' : ', worker = :worker REMOVE endedBy',
    ].join(' '),
    ConditionExpression: `${isPending} AND ${isDue} AND ${isInTime} AND ${hasAttemptLeft}`,
    ExpressionAttributeNames: { '#status': 'status', '#from': 'from' },
    ExpressionAttributeValues: {
      ':pending': 'PENDING',
      ':taken': 'TAKEN',
      ':fence': lease.fence,
      ':claimedAt': lease.claimedAt,
      ':leaseSeconds': lease.leaseSeconds,
      ':leaseUntil': lease.claimedAt + lease.leaseSeconds * 1_000,
      ':one': 1,
      ':worker': worker,
    },
    ReturnValues: 'ALL_OLD',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** Replaces a task if it is unchanged since it was read. Writes only the fields that change, and who changes them. */
export function replaceTask(
  table: string,
  before: Task,
  after: Task,
  { by, laterFrom, retentionMs }: { readonly by: string; readonly laterFrom: number; readonly retentionMs: number },
): UpdateCommandInput {
  const seen = seenFields(before);
  const changes = Object.entries({
    ...changedFields(before, after),
    list: undefined,
    position: undefined,
    ...indexKeyOf(after, laterFrom),
    from: before.status,
    by,
    ttl: isOpen(after) ? undefined : Math.ceil(((after.finishedAt as number) + retentionMs) / 1_000),
  });
  const set = changes.filter(([, value]) => value !== undefined).map(([name]) => `#${name} = :${name}`);
  const removed = changes.filter(([, value]) => value === undefined).map(([name]) => `#${name}`);
  return {
    TableName: table,
    Key: { taskId: before.taskId },
    UpdateExpression: [
      ...(set.length > 0 ? [`SET ${set.join(', ')}`] : []),
      ...(removed.length > 0 ? [`REMOVE ${removed.join(', ')}`] : []),
    ].join(' '),
    ConditionExpression: isUnchanged(seen),
    ExpressionAttributeNames: Object.fromEntries(
      [...Object.keys(seen), ...changes.map(([name]) => name)].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: Object.fromEntries([
      ...changes.map(([name, value]) => [`:${name}`, value]),
      ...Object.entries(seen).map(([name, value]) => [`:seen_${name}`, value]),
    ]),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** Deletes a task if it is unchanged since it was read. */
export function deleteTask(table: string, task: Task): DeleteCommandInput {
  const seen = seenFields(task);
  return {
    TableName: table,
    Key: { taskId: task.taskId },
    ConditionExpression: isUnchanged(seen),
    ExpressionAttributeNames: Object.fromEntries(Object.keys(seen).map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      Object.entries(seen).map(([name, value]) => [`:seen_${name}`, value]),
    ),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** The fields that tell whether a task has changed: see `isUnchangedSince`. */
const seenFields = ({ status, fence, leaseUntil, expiresAt }: Task) => ({ status, fence, leaseUntil, expiresAt });

const isUnchanged = (seen: ReturnType<typeof seenFields>): string =>
  Object.entries(seen)
    .map(([name, value]) => (value === undefined ? `attribute_not_exists(#${name})` : `#${name} = :seen_${name}`))
    .join(' AND ');

/** Moves a task from the later list to its place among claimable ones, unless it has been moved already. */
export function promoteTask(table: string, queue: string, entry: Entry): UpdateCommandInput {
  const isInLaterList = '#list = :later';
  const { list, position } = openKey({ queue, taskId: entry.taskId, place: placeIn(entry) });
  return {
    TableName: table,
    Key: { taskId: entry.taskId },
    UpdateExpression: 'SET #list = :list, #position = :position, #from = #status',
    ConditionExpression: isInLaterList,
    ExpressionAttributeNames: { '#list': 'list', '#position': 'position', '#from': 'from', '#status': 'status' },
    ExpressionAttributeValues: { ':later': laterList(queue), ':list': list, ':position': position },
  };
}

/** Fields whose values differ; removed ones are undefined. */
export function changedFields(before: Task, after: Task): Partial<Task> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Task)[];
  return Object.fromEntries(
    names.filter((name) => !isEqual(before[name], after[name])).map((name) => [name, after[name]]),
  );
}

/** The store does not keep the order of an object's members. */
const isEqual = (one: unknown, other: unknown): boolean => one === other || canonicalJson(one) === canonicalJson(other);
