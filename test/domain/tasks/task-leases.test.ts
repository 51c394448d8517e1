import { describe, expect, it } from '@jest/globals';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { resultText } from '../../../src/domain/tasks/json-text.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';
import { tasksWorld } from '../../helpers/tasks-world.ts';

describe('a completed task', () => {
  const store = new MemoryTaskStore(1_000);
  const { taskLeases } = tasksWorld({ tasks: store, clock: new FakeClock(T0) });
  async function held(taskId: string): Promise<string> {
    await store.add(aTask({ taskId }), 10);
    await store.claim(taskId, aGrant(taskId));
    return taskId;
  }

  it.each([
    ['a text', 'sent', '"sent"'],
    ['JSON text', '{"a":1}', '"{\\"a\\":1}"'],
    ['a value', { at: [1, null] }, '{"at":[1,null]}'],
    ['null', null, 'null'],
    ['nothing', undefined, undefined],
  ])('holds JSON, whatever it was done with: %s', async (name, result, stored) => {
    const task = await held(name.replaceAll(' ', '-'));
    expect((await taskLeases.complete(task, task, resultText(result))).result).toBe(stored);
  });

  it('is still held when its result is too large', async () => {
    const task = await held('large');
    const complete = async () => taskLeases.complete(task, task, resultText('\u0001'.repeat(6_000)));
    await expect(complete()).rejects.toMatchObject({
      code: 'TASKS_RESULT_TOO_LARGE',
    });
    expect((await store.get(task))?.status).toBe('TAKEN');
  });
});

describe('a task whose time has not come', () => {
  const clock = new FakeClock(T0);
  const store = new MemoryTaskStore(1_000);
  const { taskLeases } = tasksWorld({ tasks: store, clock });
  async function held(taskId: string): Promise<string> {
    await store.add(aTask({ taskId, expiresAt: T0 + 100_000 }), 10);
    await store.claim(taskId, aGrant(taskId));
    return taskId;
  }

  it('is given back for so long, with the attempt, however often it is said', async () => {
    const task = await held('early');
    for (let said = 0; said < 2; said++)
      expect(await taskLeases.postpone(task, task, 5_000, 'Not yet.')).toMatchObject({
        status: 'PENDING',
        attempt: 0,
        notBefore: T0 + 5_000,
      });
  });

  it('has failed, and is not shed, if it would come again after its deadline', async () => {
    const task = await held('late');
    for (let said = 0; said < 2; said++)
      expect(await taskLeases.postpone(task, task, 100_000, 'Not yet.')).toMatchObject({
        status: 'FAILURE',
        error: 'Not yet. It would wait past its deadline.',
      });
  });
});
