import { describe, expect, it } from '@jest/globals';
import { changedFields, claimTask, putTask, replaceTask } from '../../../src/adapters/dynamodb/task-requests.ts';
import {
  claimed,
  completed,
  extended,
  failed,
  MAX_HISTORY,
  redriven,
  released,
  type Task,
} from '../../../src/domain/tasks/task.ts';
import { itemSize } from '../../helpers/item-size.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';

const DAY_MS = 86_400_000;
const MINUTE = 60_000;
const task = aTask();
const held = claimed(task, aGrant('f'));
const listOf = (notBefore: number, expiresAt: number): unknown =>
  putTask('tasks', aTask({ notBefore, expiresAt }), 'p1', T0 + MINUTE).Item?.list;

describe('the request that puts a task', () => {
  it('lets it stand among those that can be claimed, in the order of age', () => {
    expect(putTask('tasks', task, 'p1', T0)).toEqual({
      TableName: 'tasks',
      Item: { ...task, list: expect.stringMatching(/^q#[0-3]$/), position: task.place, by: 'p1' },
      ConditionExpression: 'attribute_not_exists(taskId)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });

  it('sets it aside, in the order in which such tasks are due, when it has long to wait', () => {
    expect(listOf(T0 + 60_000, T0 + DAY_MS)).toMatch(/^q#/);
    expect(listOf(T0 + 60_001, T0 + DAY_MS)).toBe('q!later');
    expect(listOf(T0 + DAY_MS, T0 + 60_000)).toMatch(/^q#/);
    expect(
      putTask('tasks', { ...task, notBefore: T0 + 60_001, expiresAt: T0 + DAY_MS }, 'p1', T0 + MINUTE).Item?.position,
    ).toBe(`${String(T0 + 60_001).padStart(15, '0')}#${task.place}`);
  });

  it('spreads tasks over all lists', () => {
    const lists = Array.from({ length: 400 }, () => putTask('tasks', aTask(), 'p1', T0).Item?.list as string);
    const counts = [...new Set(lists)].map((list) => lists.filter((each) => each === list).length);
    expect(counts).toHaveLength(4);
    expect(Math.min(...counts)).toBeGreaterThan(60);
  });
});

describe('the request that changes a task', () => {
  const request = (...[before, after]: [typeof task, typeof task]) => {
    const { UpdateExpression = '', ...rest } = replaceTask('tasks', before, after, {
      by: 'p1',
      laterFrom: T0,
      retentionMs: DAY_MS,
    });
    const [set = '', removed = ''] = UpdateExpression.split(' REMOVE ');
    const names = (part: string): string[] => [...part.matchAll(/#(\w+)/g)].map(([, name]) => name as string).sort();
    return { ...rest, set: names(set), removed: names(removed) };
  };

  it('holds it to the status, fence, lease and deadline with which it was seen', () => {
    const { ConditionExpression, ExpressionAttributeValues } = request(held, extended(held, 60, T0));
    expect(ConditionExpression).toBe(
      '#status = :seen_status AND #fence = :seen_fence AND #leaseUntil = :seen_leaseUntil AND #expiresAt = :seen_expiresAt',
    );
    expect(ExpressionAttributeValues).toMatchObject({
      ':seen_status': 'TAKEN',
      ':seen_fence': 'f',
      ':seen_leaseUntil': T0 + 30_000,
      ':seen_expiresAt': held.expiresAt,
    });
    expect(request(task, { ...task, status: 'SHED', finishedAt: T0 }).ConditionExpression).toBe(
      '#status = :seen_status AND attribute_not_exists(#fence) AND attribute_not_exists(#leaseUntil) AND #expiresAt = :seen_expiresAt',
    );
  });

  it('writes what has changed and what the stream is to tell, and not the payload again', () => {
    expect(request(held, extended(held, 60, T0))).toMatchObject({
      set: ['by', 'from', 'leaseUntil', 'list', 'position'],
      removed: ['ttl'],
    });
  });

  it('takes a SUCCESS out of the index, and a FAILURE to a list of its own', () => {
    expect(request(held, completed(held, '1', T0)).removed).toEqual(['leaseUntil', 'list', 'position']);
    expect(request(held, failed(held, 'no', undefined, T0)).ExpressionAttributeValues).toMatchObject({
      ':list': 'q!FAILURE',
      ':position': task.place,
    });
  });

  it('says in seconds when a finished task may go, and takes that back when it is redriven', () => {
    const dead = failed(held, 'no', undefined, T0 + 1);
    const kept = request(held, dead).ExpressionAttributeValues?.[':ttl'];
    expect(kept).toBe(T0 / 1_000 + 86_400 + 1);
    expect(request(dead, redriven(dead, 60, T0 + 2)).removed).toContain('ttl');
  });
});

describe('the request that claims a task', () => {
  it.each([
    [undefined, ' REMOVE endedBy, worker', undefined],
    ['w', ', worker = :worker REMOVE endedBy', 'w'],
  ])('names who has it, if that is known: %s', (worker, end, value) => {
    const grant = { ...aGrant('f'), ...(worker === undefined ? {} : { worker }) };
    const { UpdateExpression, ExpressionAttributeValues } = claimTask('tasks', 't', grant);
    expect(UpdateExpression?.replace(/^.* \+ :one ?/, '')).toBe(end.trimStart());
    expect(ExpressionAttributeValues?.[':worker']).toBe(value);
  });
});

it('a task is the same in whatever order the store gives the members of its history', () => {
  const done = completed(claimed(task, { ...aGrant('f'), worker: 'w' }), '1', T0);
  const turned = { ...done, history: done.history?.map((end) => Object.fromEntries(Object.entries(end).reverse())) };
  expect(changedFields(done, turned as unknown as Task)).toEqual({});
});

it('a task with the longest of everything fits into an item many times', () => {
  let longest = aTask({ payload: 'x'.repeat(32 * 1_024), maxAttempts: 100 });
  for (let index = 0; index <= MAX_HISTORY; index++)
    longest = released(
      claimed(longest, { ...aGrant('f'.repeat(22)), worker: '🙂'.repeat(128) }),
      0,
      T0,
      'ü'.repeat(2_000),
    );
  longest = completed(claimed(longest, aGrant('f')), 'x'.repeat(32 * 1_024), T0);
  expect(itemSize(putTask('tasks', { ...longest, error: 'ü'.repeat(2_100) }, 'p1', T0).Item ?? {})).toBeLessThan(
    100_000,
  );
});
