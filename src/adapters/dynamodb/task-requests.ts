import type { DeleteCommandInput, PutCommandInput, UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { canonicalJson } from '../../domain/tasks/json-text.ts';
import { type Grant, isOpen, type Task } from '../../domain/tasks/task.ts';
import { type Entry, indexKeyOf, laterList, openKey, placeOfLater } from './open-index.ts';

/**
 * A new task, unless its id is there already. Like every change it says in the item what was before (`from`, here
 * nothing) and who has added or ended an open task (`by`), so that its record in the stream can be counted.
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
 * A lease on a task that nobody holds, for whoever comes first.
 *
 *     A:  claim ─ TAKEN until 30 s, fence a ─ dies
 *     B:         claim ─ refused
 *     C:                                      30 s: takes over what stands with fence a ─ TAKEN, fence c
 *     A:                                                     finish with a ─ refused, the fence is c
 */
export function claimTask(table: string, taskId: string, grant: Grant): UpdateCommandInput {
  const isPending = '#status = :pending';
  const isDue = 'notBefore <= :claimedAt';
  const isInTime = 'expiresAt > :claimedAt';
  const hasAttemptLeft = 'attempt < maxAttempts';
  const { worker } = grant;
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
      ':fence': grant.fence,
      ':claimedAt': grant.claimedAt,
      ':leaseSeconds': grant.leaseSeconds,
      ':leaseUntil': grant.claimedAt + grant.leaseSeconds * 1_000,
      ':one': 1,
      ':worker': worker,
    },
    ReturnValues: 'ALL_OLD',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** The next state of a task, if it still stands as it was seen: only what changes is written, and who changes it. */
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
    ConditionExpression: standsAsSeen(seen),
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

/** Deletes a task, if it still stands as it was seen. */
export function deleteTask(table: string, task: Task): DeleteCommandInput {
  const seen = seenFields(task);
  return {
    TableName: table,
    Key: { taskId: task.taskId },
    ConditionExpression: standsAsSeen(seen),
    ExpressionAttributeNames: Object.fromEntries(Object.keys(seen).map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      Object.entries(seen).map(([name, value]) => [`:seen_${name}`, value]),
    ),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** What tells whether anything has happened to a task: see `standsAs`. */
const seenFields = ({ status, fence, leaseUntil, expiresAt }: Task) => ({ status, fence, leaseUntil, expiresAt });

const standsAsSeen = (seen: ReturnType<typeof seenFields>): string =>
  Object.entries(seen)
    .map(([name, value]) => (value === undefined ? `attribute_not_exists(#${name})` : `#${name} = :seen_${name}`))
    .join(' AND ');

/** A task that stood aside takes its own place, unless it has gone there already. */
export function bringInTask(table: string, queue: string, entry: Entry): UpdateCommandInput {
  const standsAside = '#list = :later';
  const { list, position } = openKey({ queue, taskId: entry.taskId, place: placeOfLater(entry) });
  return {
    TableName: table,
    Key: { taskId: entry.taskId },
    UpdateExpression: 'SET #list = :list, #position = :position, #from = #status',
    ConditionExpression: standsAside,
    ExpressionAttributeNames: { '#list': 'list', '#position': 'position', '#from': 'from', '#status': 'status' },
    ExpressionAttributeValues: { ':later': laterList(queue), ':list': list, ':position': position },
  };
}

/** Fields whose values differ; those that are gone are undefined. */
export function changedFields(before: Task, after: Task): Partial<Task> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Task)[];
  return Object.fromEntries(
    names.filter((name) => !isEqual(before[name], after[name])).map((name) => [name, after[name]]),
  );
}

/** The store gives the members of an object back in an order of its own. */
const isEqual = (one: unknown, other: unknown): boolean => one === other || canonicalJson(one) === canonicalJson(other);
