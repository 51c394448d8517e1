import { describe, expect, it } from '@jest/globals';
import {
  claimed,
  completed,
  createTask,
  failed,
  isClaimable,
  redriven,
  released,
  settledIfOverdue,
  type Task,
} from '../../../src/domain/tasks/task.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';

const HOUR = 3_600_000;

const taken = (fields: Partial<Task> = {}, leaseMs = 30_000): Task => claimed(aTask(fields), aGrant('f1', T0, leaseMs));

describe('a new task', () => {
  const draft = {
    taskId: 't',
    queue: 'q',
    place: 'p',
    payload: 'null',
    defaults: { deadlineSeconds: 3_600, maxAttempts: 5 },
  };

  it('takes from its queue what its terms leave open', () => {
    expect(createTask({ ...draft, terms: {} }, T0)).toMatchObject({
      status: 'PENDING',
      attempt: 0,
      maxAttempts: 5,
      createdAt: T0,
      notBefore: T0,
      expiresAt: T0 + HOUR,
    });
  });

  it('counts delay and deadline both from its creation', () => {
    const terms = { delaySeconds: 10, expiresInSeconds: 60, maxAttempts: 1 };
    expect(createTask({ ...draft, terms }, T0)).toMatchObject({
      maxAttempts: 1,
      notBefore: T0 + 10_000,
      expiresAt: T0 + 60_000,
      terms,
    });
  });
});

describe('a claim', () => {
  it.each([
    ['a pending task', aTask(), T0, true],
    ['before its time', aTask({ notBefore: T0 + 1 }), T0, false],
    ['at its time', aTask({ notBefore: T0 + 1 }), T0 + 1, true],
    ['just before its deadline', aTask({ expiresAt: T0 + 5 }), T0 + 4, true],
    ['at its deadline', aTask({ expiresAt: T0 + 5 }), T0 + 5, false],
    ['a leased task', taken({}, 1_000), T0 + 999, false],
    ['a task whose lease ran out', taken({}, 1_000), T0 + 1_000, true],
    ['a task whose last lease ran out', taken({ maxAttempts: 1 }, 1_000), T0 + 1_000, false],
    ['a task whose lease ran out past its deadline', taken({ expiresAt: T0 + 500 }, 1_000), T0 + 1_000, false],
    ['a finished task', completed(taken(), undefined, T0), T0, false],
  ])('of %s', (_, task, at, expected) => {
    expect(isClaimable(task, at)).toBe(expected);
  });
});

describe('a failed attempt', () => {
  it('is followed by another one after the delay', () => {
    const task = failed(taken(), 'busy', 700, T0 + 50);

    expect(task).toMatchObject({ status: 'PENDING', attempt: 1, error: 'busy', notBefore: T0 + 750 });
    expect(task.leaseUntil).toBeUndefined();
    expect(task.finishedAt).toBeUndefined();
  });

  it.each([
    ['it may not be tried again', taken(), undefined, T0],
    ['it was the last one', taken({ maxAttempts: 1 }), 0, T0],
    ['the next one would come at the deadline', taken({ expiresAt: T0 + 1_000 }), 1_000, T0],
    ['the deadline has passed meanwhile', taken({ expiresAt: T0 + 1_000 }), 0, T0 + 1_000],
  ])('is final when %s', (_, task, delayMs, now) => {
    expect(failed(task, 'broken', delayMs, now)).toMatchObject({ status: 'FAILURE', error: 'broken', finishedAt: now });
  });

  it('may be followed by one just before the deadline', () => {
    expect(failed(taken({ expiresAt: T0 + 1_000 }), 'busy', 999, T0).status).toBe('PENDING');
  });
});

it('a release gives the attempt back, also the last one', () => {
  const task = released(taken({ maxAttempts: 1 }), 2_000, T0 + 10);

  expect(task).toMatchObject({ status: 'PENDING', attempt: 0, notBefore: T0 + 2_010 });
  expect(isClaimable(task, T0 + 2_010)).toBe(true);
});

it('a redriven task begins anew in its place, with the lifetime that it was given', () => {
  const failure = failed(taken({ terms: { expiresInSeconds: 60 }, maxAttempts: 1 }), 'broken', 0, T0 + 5);
  const task = redriven(failure, 3_600, T0 + 2 * HOUR);

  expect(task).toMatchObject({
    status: 'PENDING',
    attempt: 0,
    place: failure.place,
    notBefore: T0 + 2 * HOUR,
    expiresAt: T0 + 2 * HOUR + 60_000,
    error: 'broken',
  });
  expect(task.finishedAt).toBeUndefined();
  expect(redriven({ ...failure, terms: {} }, 90, T0).expiresAt).toBe(T0 + 90_000);
});

describe('time alone', () => {
  it.each([
    ['a task before its deadline', aTask({ expiresAt: T0 + 9 }), T0 + 8, undefined],
    ['a task at its deadline', aTask({ expiresAt: T0 + 9 }), T0 + 9, 'SHED'],
    ['a task that was tried before', released(taken({ expiresAt: T0 + 9 }), 0, T0), T0 + 9, 'SHED'],
    ['a held task at its deadline', taken({ expiresAt: T0 + 9 }), T0 + 9, undefined],
    ['a task whose holder died past its deadline', taken({ expiresAt: T0 + 9 }, 20), T0 + 20, 'SHED'],
    ['a task whose holder died before its deadline', taken({ expiresAt: T0 + 9 }, 5), T0 + 8, undefined],
    ['the same at its deadline', taken({ expiresAt: T0 + 9 }, 5), T0 + 9, 'SHED'],
    ['a last lease that runs', taken({ maxAttempts: 1 }, 5), T0 + 4, undefined],
    ['a last lease that ran out', taken({ maxAttempts: 1 }, 5), T0 + 5, 'FAILURE'],
    ['the same, found late', taken({ maxAttempts: 1, expiresAt: T0 + 9 }, 5), T0 + 99, 'FAILURE'],
    ['a last lease that ran out past the deadline', taken({ maxAttempts: 1, expiresAt: T0 + 9 }, 20), T0 + 20, 'SHED'],
    ['a finished task', completed(taken({ expiresAt: T0 + 9 }), undefined, T0), T0 + 99, undefined],
  ])('makes of %s', (_, task, now, expected) => {
    expect(settledIfOverdue(task, now)?.status).toBe(expected);
  });

  it('says why', () => {
    expect(settledIfOverdue(aTask({ expiresAt: T0 }), T0 + 1)).toMatchObject({
      shedReason: 'expired',
      finishedAt: T0 + 1,
    });
    expect(settledIfOverdue(taken({ maxAttempts: 1 }, 5), T0 + 5)?.error).toMatch(/lease/);
  });
});
