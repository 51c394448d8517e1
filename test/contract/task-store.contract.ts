import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  cancelled,
  claimed,
  completed,
  expiredIfOverdue,
  extended,
  failed,
  MAX_HISTORY,
  redriven,
  released,
  type Task,
} from '../../src/domain/tasks/task.ts';
import type { ListedStatus, TaskStore } from '../../src/ports/tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { aGrant, aTask, T0 } from '../helpers/tasks.ts';

const PLENTY = 1_000;
const RETENTION_MS = 60_000;
const HOUR = 3_600_000;

/**
 * What every {@link TaskStore} must do.
 *
 * @param open a store that keeps finished tasks for the given time, ms. Queues and ids are not used twice.
 */
export function describeTaskStore(name: string, open: (retentionMs: number) => Promise<TaskStore>): void {
  describe(`task store: ${name}`, () => {
    let store: TaskStore;
    let count = 0;
    const run = Date.now().toString(36);
    const newQueue = (): string => `${run}-q${++count}`;
    const newTask = (task: Partial<Task> & { queue: string }): Task => aTask({ taskId: `${run}-t${++count}`, ...task });

    beforeAll(async () => {
      store = await open(RETENTION_MS);
    });

    async function added(task: Partial<Task> & { queue: string }): Promise<Task> {
      const stored = newTask(task);
      expect(await store.add(stored, PLENTY)).toEqual({ kind: 'added' });
      return stored;
    }

    async function taken(task: Partial<Task> & { queue: string }, fence = 'f1', leaseMs = 30_000): Promise<Task> {
      const stored = await added(task);
      const outcome = await store.claim(stored.taskId, aGrant(fence, stored.createdAt, leaseMs));
      if (outcome.kind === 'refused') throw new Error('a new task must be claimable');
      return outcome.task;
    }

    async function replaced(before: Task, after: Task): Promise<Task> {
      expect(await store.replace(before, after)).toBe(true);
      return after;
    }

    const idsOf = (tasks: readonly Task[]): string[] => tasks.map(({ taskId }) => taskId);

    /** All pages of a list, which may lag behind a change, once it has the expected length. */
    const listed = (queue: string, status: ListedStatus, length: number, limit = 100): Promise<Task[]> =>
      eventually(
        async () => {
          const tasks: Task[] = [];
          let cursor: string | undefined;
          do {
            const page = await store.list(queue, status, { limit, cursor });
            expect(page.items.length).toBeLessThanOrEqual(limit);
            tasks.push(...page.items);
            cursor = page.nextCursor;
          } while (cursor !== undefined);
          return tasks;
        },
        (tasks) => tasks.length === length,
      );

    const headsOf = (queue: string, now: number, length: number, order: 'lifo' | 'fifo' = 'lifo') =>
      eventually(
        () => store.listClaimable(queue, order, PLENTY, now),
        (claimable) => claimable.length === length,
      );

    describe('add', () => {
      it('keeps every field of a task', async () => {
        const payload = JSON.stringify({ text: 'ü 🙂 \u0000 \u202e', 'a.b': [1, null, { constructor: 'x' }] });
        const terms = { delaySeconds: 0, maxAttempts: 3 };
        const task = await added({ queue: newQueue(), payload, terms, maxAttempts: 3 });

        expect(await store.get(task.taskId)).toEqual(task);
      });

      it('adds one of several with the same id, whatever their queues, and shows that one to the others', async () => {
        const task = newTask({ queue: newQueue(), payload: '1' });
        const others = ['2', '3', '4'].map((payload) => ({ ...task, queue: newQueue(), payload }));

        const outcomes = await Promise.all([task, ...others].map((each) => store.add(each, PLENTY)));

        const stored = await store.get(task.taskId);
        expect(outcomes.filter(({ kind }) => kind === 'added')).toHaveLength(1);
        expect(outcomes.filter(({ kind }) => kind === 'repeated')).toEqual(
          Array.from({ length: 3 }, () => ({ kind: 'repeated', task: stored })),
        );
      });

      it('refuses a task when its queue holds as many open ones as it may, but knows a repeated one', async () => {
        const queue = newQueue();
        const first = await taken({ queue });
        await added({ queue });

        expect(await store.add(newTask({ queue }), 2)).toEqual({ kind: 'full' });
        expect(await store.add(first, 2)).toEqual({ kind: 'repeated', task: first });

        await replaced(first, completed(first, undefined, T0));
        expect(await store.add(newTask({ queue }), 2)).toEqual({ kind: 'added' });
      });
    });

    it('has no task that nobody added', async () => {
      expect(await store.get('nobody-added-this')).toBeUndefined();
    });

    describe('listClaimable', () => {
      it('come newest first or oldest first, whatever their creators’ order of adding, up to the limit', async () => {
        const queue = newQueue();
        const [late, early, middle] = [
          await added({ queue, createdAt: T0 + 30 }),
          await added({ queue, createdAt: T0 + 10 }),
          await added({ queue, createdAt: T0 + 20 }),
        ];

        expect(await headsOf(queue, T0 + 99, 3)).toEqual(idsOf([late, middle, early]));
        expect(await headsOf(queue, T0 + 99, 3, 'fifo')).toEqual(idsOf([early, middle, late]));
        expect(await store.listClaimable(queue, 'lifo', 2, T0 + 99)).toEqual(idsOf([late, middle]));
      });

      it('leave out what is leased, waits for its time, is past its deadline or finished', async () => {
        const queue = newQueue();
        const [leased, delayed, short, plain] = [
          await taken({ queue }, 'f', 5_000),
          await added({ queue, notBefore: T0 + 7_000 }),
          await added({ queue, expiresAt: T0 + 9_000 }),
          await added({ queue }),
        ];
        const done = await taken({ queue });
        await replaced(done, completed(done, undefined, T0));

        expect(await headsOf(queue, T0 + 4_999, 2)).toEqual(idsOf([plain, short]));
        expect(await headsOf(queue, T0 + 5_000, 3)).toEqual(idsOf([plain, short, leased]));
        expect(await headsOf(queue, T0 + 7_000, 4)).toEqual(idsOf([plain, short, delayed, leased]));
        expect(await headsOf(queue, T0 + 9_000, 3)).toEqual(idsOf([plain, delayed, leased]));
      });

      it('keep the place of a task that was given back, tried again or redriven', async () => {
        const queue = newQueue();
        const oldest = await taken({ queue });
        const [older, old] = [await taken({ queue }), await taken({ queue })];
        const newest = await added({ queue });
        await replaced(oldest, released(oldest, 0, T0 + 1));
        await replaced(older, failed(older, 'busy', 0, T0 + 2));
        const dead = await replaced(old, failed(old, 'broken', undefined, T0 + 3));
        await replaced(dead, redriven(dead, 3_600, T0 + 4));

        expect(await headsOf(queue, T0 + 5, 4)).toEqual(idsOf([newest, old, older, oldest]));
      });

      it('are none for a queue without tasks', async () => {
        expect(await store.listClaimable(newQueue(), 'lifo', 10, T0)).toEqual([]);
      });
    });

    describe('claim', () => {
      it('gives a lease under a fence and counts the attempt', async () => {
        const task = await added({ queue: newQueue() });
        const grant = aGrant('mine', T0 + 5, 1_000);
        const expected = claimed(task, grant);

        expect(await store.claim(task.taskId, grant)).toEqual({ kind: 'claimed', task: expected });
        expect(await store.get(task.taskId)).toEqual(expected);
      });

      it('gives a task to one of many', async () => {
        const task = await added({ queue: newQueue() });

        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) => store.claim(task.taskId, aGrant(`f${index}`))),
        );

        const winners = outcomes.filter(({ kind }) => kind === 'claimed');
        expect(winners).toEqual([{ kind: 'claimed', task: await store.get(task.taskId) }]);
      });

      it('takes over a lease that ran out, from its last moment on, and forgets how the one before ended', async () => {
        const first = await taken({ queue: newQueue() }, 'f1', 1_000);

        expect(await store.claim(first.taskId, aGrant('f2', T0 + 999))).toEqual({ kind: 'refused', task: first });
        const second = claimed(first, aGrant('f2', T0 + 1_000));
        expect(await store.claim(first.taskId, aGrant('f2', T0 + 1_000))).toEqual({ kind: 'claimed', task: second });

        const back = await replaced(second, released(second, 0, T0 + 1_001));
        const third = claimed(back, aGrant('f3', T0 + 1_002));
        expect(await store.claim(first.taskId, aGrant('f3', T0 + 1_002))).toEqual({ kind: 'claimed', task: third });
        expect((await store.get(first.taskId))?.endedBy).toBeUndefined();
      });

      it('keeps in the history what it takes over, however often, and who had it', async () => {
        let task = await added({ queue: newQueue(), maxAttempts: 100 });
        for (let index = 0; index < MAX_HISTORY + 2; index++) {
          const grant = { ...aGrant(`f${index}`, T0 + index * 1_000, 1_000), worker: `worker ü ${index}` };
          const expected = claimed(task, grant);
          expect(await store.claim(task.taskId, grant)).toEqual({ kind: 'claimed', task: expected });
          task = expected;
        }
        expect(await store.get(task.taskId)).toEqual(task);
        expect(task).toMatchObject({ attempt: MAX_HISTORY + 2, deliveries: MAX_HISTORY + 2 });
        expect(task.history).toHaveLength(MAX_HISTORY);

        const nameless = claimed(task, aGrant('last', T0 + 99_000));
        expect(await store.claim(task.taskId, aGrant('last', T0 + 99_000))).toEqual({
          kind: 'claimed',
          task: nameless,
        });
        expect((await store.get(task.taskId))?.worker).toBeUndefined();
      });

      it('gives a task whose lease ran out to one of many, with one end in its history', async () => {
        const first = await taken({ queue: newQueue() }, 'f0', 1_000);

        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) => store.claim(first.taskId, aGrant(`f${index + 1}`, T0 + 1_000))),
        );

        const stored = (await store.get(first.taskId)) as Task;
        expect(outcomes.filter(({ kind }) => kind === 'claimed')).toEqual([{ kind: 'claimed', task: stored }]);
        expect(stored).toMatchObject({
          attempt: 2,
          history: [{ attempt: 1, outcome: 'expired', endedAt: T0 + 1_000 }],
        });
      });

      it('counts deliveries of a task of the first release on from its attempts', async () => {
        const task = await added({ queue: newQueue(), attempt: 2 });

        expect(await store.claim(task.taskId, aGrant('f'))).toMatchObject({ task: { attempt: 3, deliveries: 3 } });
        expect(await store.get(task.taskId)).toMatchObject({ attempt: 3, deliveries: 3, leaseSeconds: 30 });
      });

      it.each([
        ['waits for its time', { notBefore: T0 + 1 }],
        ['is at its deadline', { expiresAt: T0 }],
        ['has no attempt left', { attempt: 5 }],
      ])('refuses a task that %s', async (_, fields) => {
        const task = await added({ queue: newQueue(), ...fields });

        expect(await store.claim(task.taskId, aGrant('f'))).toEqual({ kind: 'refused', task });
        expect(await store.get(task.taskId)).toEqual(task);
      });

      it('refuses finished tasks and unknown ones', async () => {
        const task = await taken({ queue: newQueue() });
        const done = await replaced(task, completed(task, '1', T0));

        expect(await store.claim(task.taskId, aGrant('f2', T0 + 60_000))).toEqual({ kind: 'refused', task: done });
        expect(await store.claim('nobody-added-this', aGrant('f'))).toEqual({ kind: 'refused', task: undefined });
      });
    });

    describe('replace', () => {
      it('keeps every field of each state', async () => {
        const task = await taken({ queue: newQueue() });
        const extendedTask = await replaced(task, extended(task, 60, T0));
        expect(await store.get(task.taskId)).toEqual(extendedTask);
        const retried = await replaced(extendedTask, failed(extendedTask, 'busy', 500, T0 + 1));
        expect(await store.get(task.taskId)).toEqual(retried);
        const again = await store.claim(task.taskId, aGrant('f2', T0 + 501));
        if (again.kind === 'refused') throw new Error('a task that waited must be claimable');
        const done = await replaced(again.task, completed(again.task, '{"a":[null]}', T0 + 502));
        expect(await store.get(task.taskId)).toEqual(done);
      });

      it('changes nothing when the task was claimed, extended or ended since it was seen', async () => {
        const seen = await taken({ queue: newQueue() }, 'f1', 1_000);
        const extendedTask = await replaced(seen, extended(seen, 2, T0));

        expect(await store.replace(seen, completed(seen, undefined, T0))).toBe(false);
        expect(await store.get(seen.taskId)).toEqual(extendedTask);

        await store.claim(seen.taskId, aGrant('f2', T0 + 2_000));
        expect(await store.replace(extendedTask, completed(extendedTask, undefined, T0))).toBe(false);

        const held = (await store.get(seen.taskId)) as Task;
        await replaced(held, failed(held, 'no', undefined, T0 + 2_001));
        expect(await store.replace(held, completed(held, undefined, T0))).toBe(false);
        expect((await store.get(seen.taskId))?.status).toBe('FAILURE');
      });

      it('changes nothing when the task came back to the same status since it was seen', async () => {
        const first = await taken({ queue: newQueue() }, 'f1');
        const seen = await replaced(first, released(first, 0, T0));
        const second = claimed(seen, aGrant('f2', T0 + 1));
        expect(await store.claim(seen.taskId, aGrant('f2', T0 + 1))).toEqual({ kind: 'claimed', task: second });
        const back = await replaced(second, released(second, 0, T0 + 2));

        expect(await store.replace(seen, { ...seen, status: 'SHED', finishedAt: T0 })).toBe(false);
        expect(await store.get(seen.taskId)).toEqual(back);
      });

      it('redrives a task once', async () => {
        const task = await taken({ queue: newQueue() });
        const dead = await replaced(task, failed(task, 'no', undefined, T0));
        const back = await replaced(dead, redriven(dead, 60, T0 + 1));

        expect(await store.replace(dead, redriven(dead, 60, T0 + 2))).toBe(false);
        expect(await store.get(task.taskId)).toEqual(back);
      });

      it('keeps a task that was shed and redriven from who saw it before, and one that was redriven twice', async () => {
        const seen = await added({ queue: newQueue(), expiresAt: T0 + 1_000 });
        const shed = expiredIfOverdue(seen, T0 + 1_000) as Task;
        const back = await replaced(await replaced(seen, shed), redriven(shed, 60, T0 + 1_001));

        // A slow sweeper, then a slow caller of redrive.
        expect(await store.replace(seen, shed)).toBe(false);
        const again = expiredIfOverdue(back, T0 + 99_000) as Task;
        await replaced(back, again);
        expect(await store.replace(shed, redriven(shed, 60, T0 + 1_002))).toBe(false);
        expect(await store.get(seen.taskId)).toEqual(again);
      });

      it('cancels a task, whoever holds it', async () => {
        const [waiting, held] = [await added({ queue: newQueue() }), await taken({ queue: newQueue() })];
        for (const task of [waiting, held]) {
          const after = await replaced(task, cancelled(task, T0 + 5));
          expect(await store.get(task.taskId)).toEqual(after);
          expect(await store.claim(task.taskId, aGrant('f2', T0 + 60_000))).toEqual({ kind: 'refused', task: after });
        }
        expect(await store.replace(held, completed(held, '1', T0 + 6))).toBe(false);
      });

      it('lets one of many through', async () => {
        const task = await taken({ queue: newQueue() });

        const through = await Promise.all(
          Array.from({ length: 10 }, (_, index) => store.replace(task, completed(task, String(index), T0))),
        );

        expect(through.filter(Boolean)).toHaveLength(1);
        expect((await store.get(task.taskId))?.result).toBe(String(through.indexOf(true)));
      });
    });

    describe('remove', () => {
      const finals: readonly [string, (held: Task) => Task][] = [
        ['SUCCESS', (held) => completed(held, '1', T0)],
        ['FAILURE', (held) => failed(held, 'no', undefined, T0)],
        ['SHED', (held) => expiredIfOverdue({ ...held, leaseUntil: T0, expiresAt: T0 }, T0) as Task],
        ['CANCELLED', (held) => cancelled(held, T0)],
      ];

      it.each(finals)('forgets a task in %s, once, and lets its id be used again', async (status, end) => {
        const queue = newQueue();
        const held = await taken({ queue });
        const done = await replaced(held, end(held));

        expect(await store.remove(done)).toBe(true);

        expect(await store.get(done.taskId)).toBeUndefined();
        expect(await store.remove(done)).toBe(false);
        expect(await store.replace(done, redriven(done, 60, T0))).toBe(false);
        if (status !== 'SUCCESS') expect(await listed(queue, status as ListedStatus, 0)).toEqual([]);
        const figures = await eventually(
          () => store.stats(queue, T0),
          ({ deadLetters }) => deadLetters === 0,
        );
        expect(figures).toMatchObject({ pending: 0, taken: 0, counters: { enqueued: 1 } });
        await added({ queue, taskId: done.taskId });
      });

      it('leaves a task alone that was redriven since it was seen', async () => {
        const held = await taken({ queue: newQueue() });
        const dead = await replaced(held, failed(held, 'no', undefined, T0));
        const back = await replaced(dead, redriven(dead, 60, T0 + 1));

        expect(await store.remove(dead)).toBe(false);
        expect(await store.get(dead.taskId)).toEqual(back);
      });

      it('is done by one of many', async () => {
        const held = await taken({ queue: newQueue() });
        const done = await replaced(held, completed(held, undefined, T0));

        const removals = await Promise.all(Array.from({ length: 10 }, () => store.remove(done)));

        expect(removals.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('list', () => {
      it('shows the tasks of a queue in one status, newest first, in pages', async () => {
        const queue = newQueue();
        const tasks: Task[] = [];
        for (let index = 0; index < 9; index++) tasks.push(await taken({ queue, createdAt: T0 + index }));
        const [released1, failed1, failed2, failed3, shed1, , done1, cancelled1, cancelled2] = tasks as [
          Task,
          Task,
          Task,
          Task,
          Task,
          Task,
          Task,
          Task,
          Task,
        ];
        await replaced(released1, released(released1, 0, T0));
        for (const task of [failed3, failed1, failed2]) await replaced(task, failed(task, 'no', undefined, T0));
        await replaced(shed1, expiredIfOverdue({ ...shed1, leaseUntil: T0, expiresAt: T0 }, T0) as Task);
        await replaced(done1, completed(done1, undefined, T0));
        for (const task of [cancelled2, cancelled1]) await replaced(task, cancelled(task, T0));

        expect(idsOf(await listed(queue, 'CANCELLED', 2, 1))).toEqual(idsOf([cancelled2, cancelled1]));
        expect(idsOf(await listed(queue, 'FAILURE', 3, 2))).toEqual(idsOf([failed3, failed2, failed1]));
        expect(idsOf(await listed(queue, 'SHED', 1))).toEqual(idsOf([shed1]));
        expect(idsOf(await listed(queue, 'PENDING', 1, 1))).toEqual(idsOf([released1]));
        expect(await listed(queue, 'TAKEN', 1)).toEqual([tasks[5]]);
      });

      it('goes on behind a page whose last task has left the list', async () => {
        const queue = newQueue();
        const tasks = [await added({ queue }), await added({ queue }), await added({ queue }), await added({ queue })];
        await listed(queue, 'PENDING', 4);
        const first = await store.list(queue, 'PENDING', { limit: 2 });
        const outcome = await store.claim(first.items.at(-1)?.taskId as string, aGrant('f'));
        expect(outcome.kind).toBe('claimed');

        const second = await eventually(
          () => store.list(queue, 'PENDING', { limit: 2, cursor: first.nextCursor }),
          ({ items }) => items.length === 2,
        );

        expect(idsOf([...first.items, ...second.items])).toEqual(idsOf(tasks.reverse()));
      });

      it.each(['x', '%%%', 'eyJhIjoxfQ', '__proto__'])('refuses the cursor %s', async (cursor) => {
        await expect(store.list(newQueue(), 'PENDING', { limit: 1, cursor })).rejects.toMatchObject({
          code: 'INVALID_REQUEST',
        });
      });
    });

    describe('listOverdue', () => {
      it('finds what expired and whose last lease ran out, and nothing else', async () => {
        const queue = newQueue();
        const [expired, holderDied, lastLease] = [
          await added({ queue, expiresAt: T0 + 1_000 }),
          await taken({ queue, expiresAt: T0 + 1_000 }, 'f', 500),
          await taken({ queue, maxAttempts: 1 }, 'f', 1_000),
        ];
        await taken({ queue, expiresAt: T0 + 1_000 }, 'f', 5_000);
        await taken({ queue }, 'f', 1_000);
        await added({ queue });
        await added({ queue, notBefore: T0 + 2_000 });

        const found = await eventually(
          () => store.listOverdue(queue, T0 + 1_000, PLENTY),
          (tasks) => tasks.length === 3,
        );

        expect(idsOf(found).sort()).toEqual(idsOf([expired, holderDied, lastLease]).sort());
        expect(await store.listOverdue(queue, T0 + 499, PLENTY)).toEqual([]);
      });

      it('shows the rest once the first ones are gone', async () => {
        const queue = newQueue();
        for (let index = 0; index < 5; index++) await added({ queue, expiresAt: T0 });

        const settled = new Set<string>();
        await eventually(
          async () => {
            for (const task of await store.listOverdue(queue, T0, 2))
              if (await store.replace(task, expiredIfOverdue(task, T0) as Task)) settled.add(task.taskId);
            return settled.size;
          },
          (size) => size === 5,
        );
      });
    });

    describe('nextDueAt', () => {
      const dueAt = (queue: string, now: number, expected: number | undefined) =>
        eventually(
          () => store.nextDueAt(queue, now),
          (at) => at === expected || (at !== undefined && expected !== undefined && at <= now && expected <= now),
        );

      it('tells when the first open task can be claimed or is overdue', async () => {
        const queue = newQueue();
        await dueAt(queue, T0, undefined);
        await added({ queue, notBefore: T0 + 90_000, expiresAt: T0 + 990_000 });
        await dueAt(queue, T0, T0 + 90_000);
        const held = await taken({ queue }, 'f', 30_000);
        await dueAt(queue, T0, T0 + 30_000);
        await replaced(held, extended(held, 60, T0));
        await dueAt(queue, T0, T0 + 60_000);
        await added({ queue, notBefore: T0 + 50_000, expiresAt: T0 + 40_000 });
        await dueAt(queue, T0, T0 + 40_000);
        await dueAt(queue, T0 + 40_000, T0 + 40_000);
      });

      it('sees tasks that have long to wait, and no finished ones', async () => {
        const queue = newQueue();
        const day = 86_400_000;
        const held = await taken({ queue, expiresAt: T0 + 9 * day });
        const back = await replaced(held, failed(held, 'busy', day, T0));
        await dueAt(queue, T0, T0 + day);
        await replaced(back, cancelled(back, T0));
        await dueAt(queue, T0, undefined);
      });

      it('never says later than it is', async () => {
        const queue = newQueue();
        await Promise.all(
          Array.from({ length: 450 }, (_, index) =>
            added({ queue, createdAt: T0 + index, notBefore: T0 + 30_000 + index }),
          ),
        );
        await added({ queue, createdAt: T0 + 1_000, notBefore: T0 + 5_000 });
        const at = await eventually(
          () => store.nextDueAt(queue, T0),
          (at) => (at ?? T0 + 60_000) <= T0 + 5_000,
        );
        expect(at).toBeGreaterThanOrEqual(T0);
      });
    });

    describe('a task that has long to wait', () => {
      it('is claimable when it is due, if maintenance ran before', async () => {
        const queue = newQueue();
        const plain = await added({ queue, expiresAt: T0 + 2 * HOUR });
        const waiting = await added({ queue, notBefore: T0 + HOUR, expiresAt: T0 + 2 * HOUR });
        const back = await taken({ queue, expiresAt: T0 + 2 * HOUR });
        await replaced(back, failed(back, 'busy', HOUR, T0));
        expect(await headsOf(queue, T0, 1)).toEqual(idsOf([plain]));

        await store.runMaintenance(queue, T0 + HOUR - 60_001);
        expect(await headsOf(queue, T0 + HOUR - 60_001, 1)).toEqual(idsOf([plain]));
        await store.runMaintenance(queue, T0 + HOUR - 60_000);
        expect(await headsOf(queue, T0 + HOUR - 1, 1)).toEqual(idsOf([plain]));
        expect(await headsOf(queue, T0 + HOUR, 3)).toEqual(idsOf([back, waiting, plain]));
        expect(await headsOf(queue, T0 + HOUR, 3, 'fifo')).toEqual(idsOf([plain, waiting, back]));
        expect(await store.claim(waiting.taskId, aGrant('f', T0 + HOUR))).toMatchObject({ kind: 'claimed' });
      });

      it('is among them on time also when there is tidied once a minute, and now and then some seconds late', async () => {
        const queue = newQueue();
        const waiting = await added({ queue, notBefore: T0 + HOUR, expiresAt: T0 + 2 * HOUR });

        await store.runMaintenance(queue, T0 + HOUR - 70_000);
        expect(await headsOf(queue, T0 + HOUR - 1, 0)).toEqual([]);
        expect(await headsOf(queue, T0 + HOUR, 1)).toEqual([waiting.taskId]);
      });

      it('is overdue at its deadline, also when that is before its time', async () => {
        const queue = newQueue();
        const task = await added({ queue, notBefore: T0 + 2 * HOUR, expiresAt: T0 + HOUR });
        const found = async (now: number) => {
          await store.runMaintenance(queue, now);
          return store.listOverdue(queue, now, PLENTY);
        };

        expect(await found(T0 + HOUR - 1)).toEqual([]);
        const tasks = await eventually(
          () => found(T0 + HOUR),
          ({ length }) => length === 1,
        );
        expect(tasks).toEqual([task]);
      });

      it('stands in the list of PENDING tasks and in the figures like the others', async () => {
        const queue = newQueue();
        const tasks: Task[] = [];
        for (let index = 0; index < 6; index++)
          tasks.push(await added({ queue, createdAt: T0 + index, notBefore: T0 + (index % 2) * (9 - index) * HOUR }));

        expect(idsOf(await listed(queue, 'PENDING', 6, 2))).toEqual(idsOf([...tasks].reverse()));
        expect(await store.stats(queue, T0 + 10)).toMatchObject({
          pending: 6,
          backlog: 3,
          oldestPendingAt: T0,
          newestPendingAt: T0 + 5,
        });
      });
    });

    describe('stats', () => {
      const noneOf = { enqueued: 0, succeeded: 0, failed: 0, shed: 0, cancelled: 0, redriven: 0, refused: 0 };

      it('count what is there and what happened', async () => {
        const queue = newQueue();
        const waiting = await added({ queue, createdAt: T0 });
        await added({ queue, createdAt: T0 + 10, notBefore: T0 + 60_000 });
        await taken({ queue, createdAt: T0 + 20 });
        const [done, dead, back, stopped, late] = [
          await taken({ queue }),
          await taken({ queue }),
          await taken({ queue }),
          await taken({ queue }),
          await added({ queue, expiresAt: T0 + 1 }),
        ];
        await replaced(done, completed(done, undefined, T0 + 100));
        await replaced(dead, failed(dead, 'no', undefined, T0 + 100));
        const failure = await replaced(back, failed(back, 'no', undefined, T0 + 100));
        await replaced(failure, redriven(failure, 60, T0 + 200));
        await replaced(late, expiredIfOverdue(late, T0 + 200) as Task);
        await replaced(stopped, cancelled(stopped, T0 + 200));
        expect(await store.add(newTask({ queue }), 1)).toEqual({ kind: 'full' });

        const counters = { enqueued: 8, succeeded: 1, failed: 2, shed: 1, cancelled: 1, redriven: 1, refused: 1 };
        const figures = await eventually(
          () => store.stats(queue, T0 + 1_000),
          (now) => JSON.stringify(now.counters) === JSON.stringify(counters) && now.pending === 3,
        );

        expect(figures).toMatchObject({ pending: 3, taken: 1, deadLetters: 1, backlog: 2, counters });
        expect(figures.oldestPendingAt).toBe(waiting.createdAt);
        expect(figures.newestPendingAt).toBe(T0 + 10);
        expect(figures.throughputPerSecond).toBeGreaterThan(0);
      });

      it('tell apart what is not due, what waits and what is held, also when its holder is gone', async () => {
        const queue = newQueue();
        await added({ queue, createdAt: T0 });
        await added({ queue, createdAt: T0 + 10, notBefore: T0 + 5_000 });
        await added({ queue, createdAt: T0 + 20, notBefore: T0 + HOUR });
        await taken({ queue, createdAt: T0 + 30 }, 'f1', 1_000);
        await taken({ queue, createdAt: T0 + 40 }, 'f2', 2_000);
        await taken({ queue, createdAt: T0 + 50 }, 'f3', HOUR);
        const at = async (now: number) => {
          const { pending, delayed, taken, backlog, oldestDueAt } = await eventually(
            () => store.stats(queue, now),
            (figures) => figures.pending === 3 && figures.taken === 3,
          );
          return { pending, delayed, taken, backlog, oldestDueAt };
        };
        const held = { pending: 3, taken: 3, oldestDueAt: T0 };

        expect(await at(T0 + 100)).toEqual({ ...held, delayed: 2, backlog: 1 });
        expect(await at(T0 + 1_030)).toEqual({ ...held, delayed: 2, backlog: 2 });
        expect(await at(T0 + 2_040)).toEqual({ ...held, delayed: 2, backlog: 3 });
        expect(await at(T0 + 5_000)).toEqual({ ...held, delayed: 1, backlog: 4 });
      });

      it.each([
        ['nothing', [], undefined],
        ['tasks that are not due', [{ notBefore: T0 + HOUR }], undefined],
        ['a task that is held', [{ leaseMs: HOUR }], undefined],
        ['a task whose holder is gone', [{ leaseMs: 1_000 }], T0 + 1_000],
        ['a task that became due later than a newer one', [{ notBefore: T0 + 900 }, { createdAt: T0 + 500 }], T0 + 500],
        ['a younger task whose holder is gone', [{ notBefore: T0 + 1_500 }, { leaseMs: 1_000 }], T0 + 1_000],
      ] as const)('tell since when a task waits that could be claimed: %s', async (_, tasks, oldestDueAt) => {
        const queue = newQueue();
        for (const given of tasks) {
          const { leaseMs, ...task } = { createdAt: T0, leaseMs: undefined, ...given };
          if (leaseMs) await taken({ queue, ...task }, 'f1', leaseMs);
          else await added({ queue, ...task });
        }
        const figures = await eventually(
          () => store.stats(queue, T0 + 2_000),
          ({ pending, taken }) => pending + taken === tasks.length,
        );
        expect(figures.oldestDueAt).toBe(oldestDueAt);
      });

      it('are zero for a queue without tasks', async () => {
        expect(await store.stats(newQueue(), T0)).toMatchObject({
          pending: 0,
          taken: 0,
          deadLetters: 0,
          backlog: 0,
          oldestPendingAt: undefined,
          newestPendingAt: undefined,
          throughputPerSecond: undefined,
          counters: noneOf,
        });
      });
    });
  });
}
