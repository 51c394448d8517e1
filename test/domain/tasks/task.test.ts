import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  cancelled,
  claimed,
  completed,
  createTask,
  expiredIfOverdue,
  extended,
  failed,
  isClaimable,
  isRedrivable,
  isUnchangedSince,
  MAX_HISTORY,
  redriven,
  released,
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

  it.each([
    [{ delaySeconds: 10, expiresInSeconds: 60 }, 10_000, 70_000],
    [{ delaySeconds: 86_400 }, 24 * HOUR, 25 * HOUR],
    [{ delaySeconds: 2_592_000, expiresInSeconds: 1 }, 2_592_000_000, 2_592_001_000],
    [{ delaySeconds: 0, expiresInSeconds: 1 }, 0, 1_000],
  ])('counts its delay from its creation, and its deadline from the end of that: %j', (terms, delayMs, lifeMs) => {
    const task = createTask({ ...draft, terms }, T0);
    expect(task).toMatchObject({ notBefore: T0 + delayMs, expiresAt: T0 + lifeMs, terms });
    expect(isClaimable(task, task.notBefore)).toBe(true);
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
    const after = failed(task, 'broken', delayMs, now);
    expect(after).toMatchObject({ status: 'FAILURE', finishedAt: now });
    expect(after.error).toMatch(/^broken/);
    expect(after.history).toMatchObject([{ outcome: 'failed', error: 'broken', endedAt: now }]);
  });

  it.each([
    ['broken', undefined, 'broken'],
    ['broken', 999, 'broken'],
    ['broken', 1_000, 'broken (the next attempt was to come after 1 s, past the deadline of the task)'],
    ['', 86_399_001, '(the next attempt was to come after 86400 s, past the deadline of the task)'],
  ])('says when it is final for the wait alone: %j, %s ms', (error, delayMs, expected) => {
    expect(failed(taken({ expiresAt: T0 + 1_000 }), error, delayMs, T0).error).toBe(expected);
  });

  it('says nothing of a wait that was not the reason', () => {
    expect(failed(taken({ maxAttempts: 1, expiresAt: T0 + 1 }), 'broken', 1_000, T0).error).toBe('broken');
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

describe('a heartbeat', () => {
  it.each([
    ['lengthens a lease', 1_000, 30, T0, T0 + 30_000],
    ['does not shorten one', 60_000, 30, T0, T0 + 60_000],
    ['revives one that ran out', 1_000, 5, T0 + 9_000, T0 + 14_000],
  ])('%s', (_, leaseMs, seconds, now, expected) => {
    expect(extended(taken({}, leaseMs), seconds, now).leaseUntil).toBe(expected);
  });
});

describe('a cancelled task', () => {
  it.each([
    ['that waits', aTask(), 0],
    ['that waits for its time', aTask({ notBefore: T0 + HOUR }), 0],
    ['that is held', taken(), 1],
    ['whose lease ran out', taken({}, 1), 1],
  ])('%s is final, held by nobody, with its attempt in the history', (_, task, ends) => {
    const after = cancelled(task, T0 + 9);
    expect(after).toMatchObject({ status: 'CANCELLED', finishedAt: T0 + 9 });
    expect(after.leaseUntil).toBeUndefined();
    expect(after.endedBy).toBeUndefined();
    expect((after.history ?? []).map(({ outcome }) => outcome)).toEqual(Array(ends).fill('cancelled'));
    expect([isClaimable(after, T0 + 10), isRedrivable(after), expiredIfOverdue(after, T0 + 99 * HOUR)]).toEqual([
      false,
      false,
      undefined,
    ]);
  });
});

describe('a history', () => {
  const end = { attempt: 1, claimedAt: T0, endedAt: T0 + 7, worker: 'w' };
  const held = claimed(aTask(), { ...aGrant('f1', T0, 5), worker: 'w' });

  it.each([
    ['succeeded', completed(held, '1', T0 + 7), { ...end, outcome: 'succeeded' }],
    [
      'succeeded with a remark',
      completed(held, undefined, T0 + 7, 'dull'),
      { ...end, outcome: 'succeeded', error: 'dull' },
    ],
    ['failed', failed(held, 'no', 5, T0 + 7), { ...end, outcome: 'failed', error: 'no' }],
    ['failed for good', failed(held, 'no', undefined, T0 + 7), { ...end, outcome: 'failed', error: 'no' }],
    ['was given back', released(held, 0, T0 + 7), { ...end, outcome: 'released' }],
    ['was given back with a reason', released(held, 0, T0 + 7, 'stop'), { ...end, outcome: 'released', error: 'stop' }],
    ['was cancelled', cancelled(held, T0 + 7), { ...end, outcome: 'cancelled' }],
    ['was claimed over', claimed(held, aGrant('f2', T0 + 7)), { ...end, endedAt: T0 + 5, outcome: 'expired' }],
    [
      'was shed with its holder dead',
      expiredIfOverdue({ ...held, expiresAt: T0 + 6 }, T0 + 7),
      { ...end, endedAt: T0 + 5, outcome: 'expired' },
    ],
    [
      'lost its last lease',
      expiredIfOverdue({ ...held, maxAttempts: 1 }, T0 + 7),
      { ...end, endedAt: T0 + 5, outcome: 'expired' },
    ],
  ])('tells of an attempt that %s', (_, task, expected) => {
    expect(task?.history).toEqual([expected]);
  });

  it('tells nothing of a task that nobody had', () => {
    expect(expiredIfOverdue(aTask({ expiresAt: T0 }), T0)?.history).toBeUndefined();
    expect(taken().history).toBeUndefined();
  });

  it('keeps the last twenty ends in order, whatever they were, and every redrive', () => {
    const step = fc.constantFrom<((task: Task, at: number) => Task)[]>(
      (task, at) => failed(task, `e${at}`, 0, at),
      (task, at) => released(task, 0, at),
      (task, at) => redriven(failed(task, 'no', undefined, at), 3_600, at),
      (task, at) => ({ ...task, leaseUntil: at }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 45, size: 'max' }), (steps) => {
        let task = aTask({ maxAttempts: 100 });
        for (const [index, end] of steps.entries()) {
          const at = T0 + 10 * index;
          task = end(claimed(task, { ...aGrant(`f${index}`, at), worker: `w${index}` }), at + 5);
        }
        // What is claimed over is in the history once it is claimed over.
        const last = claimed(task, aGrant('last', T0 + 10_000));
        const ended = steps.map((_, index) => `w${index}`).slice(-MAX_HISTORY);
        expect((last.history ?? []).map(({ worker }) => worker)).toEqual(ended);
        expect(last.deliveries).toBe(steps.length + 1);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['a'.repeat(200), 'a'.repeat(200)],
    ['a'.repeat(201), 'a'.repeat(200)],
    [`${'a'.repeat(199)}🙂`, 'a'.repeat(199)],
    [`${'a'.repeat(198)}🙂!`, `${'a'.repeat(198)}🙂`],
  ])('has the first 200 characters of an error, and no half of one (case %#)', (error, expected) => {
    const task = failed(taken(), error, 0, T0);
    expect(task.history?.[0]?.error).toBe(expected);
    expect(task.error).toBe(error);
  });
});

describe('deliveries', () => {
  it('are counted on from the attempts of a task of the first release, and never fall', () => {
    const old = aTask({ attempt: 3 });
    const first = claimed(old, aGrant('f'));
    expect(first).toMatchObject({ attempt: 4, deliveries: 4 });
    const back = released(first, 0, T0);
    expect(claimed(back, aGrant('g'))).toMatchObject({ attempt: 4, deliveries: 5 });
    expect(redriven(failed(first, 'no', undefined, T0), 1, T0)).toMatchObject({ attempt: 0, deliveries: 4 });
  });
});

it('a claim without a name forgets who had the task before', () => {
  const first = claimed(aTask(), { ...aGrant('f', T0, 5), worker: 'w' });
  expect(first.worker).toBe('w');
  expect(claimed(first, aGrant('g', T0 + 5)).worker).toBeUndefined();
});

describe('only what is FAILURE or SHED', () => {
  it.each(['PENDING', 'TAKEN', 'SUCCESS', 'FAILURE', 'SHED', 'CANCELLED'] as const)('can be redriven: %s', (status) => {
    expect(isRedrivable({ status })).toBe(status === 'FAILURE' || status === 'SHED');
  });

  it('and a SHED that is redriven says no more why it was shed', () => {
    const shed = expiredIfOverdue(aTask({ expiresAt: T0 }), T0) as Task;
    const back = redriven(shed, 60, T0 + 5);
    expect(back).toMatchObject({ status: 'PENDING', expiresAt: T0 + 60_005 });
    expect([back.shedReason, back.finishedAt]).toEqual([undefined, undefined]);
  });
});

describe('a task stands as it was seen', () => {
  const seen = taken();
  it.each([
    ['nothing has happened', seen, true],
    ['something else is written beside', { ...seen, payload: '1' }, true],
    ['it was ended', completed(seen, undefined, T0), false],
    ['it was claimed over', { ...seen, fence: 'f2' }, false],
    ['its lease was moved', extended(seen, 99, T0), false],
    ['it has a new deadline', { ...seen, expiresAt: seen.expiresAt + 1 }, false],
  ])('if %s', (_, task, expected) => {
    expect(isUnchangedSince(task, seen)).toBe(expected);
  });

  it('no more, after it was shed and redriven meanwhile', () => {
    const waiting = aTask({ expiresAt: T0 + 5 });
    const back = redriven(expiredIfOverdue(waiting, T0 + 5) as Task, 60, T0 + 6);
    expect(isUnchangedSince(back, waiting)).toBe(false);
  });
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
    expect(expiredIfOverdue(task, now)?.status).toBe(expected);
  });

  it('says why', () => {
    expect(expiredIfOverdue(aTask({ expiresAt: T0 }), T0 + 1)).toMatchObject({
      shedReason: 'expired',
      finishedAt: T0 + 1,
    });
    expect(expiredIfOverdue(taken({ maxAttempts: 1 }, 5), T0 + 5)?.error).toMatch(/lease/);
  });
});
