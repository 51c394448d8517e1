import { describe, expect, it } from '@jest/globals';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { CompleteTask } from '../../../src/domain/tasks/complete-task.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';

describe('a completed task', () => {
  const store = new MemoryTaskStore(1_000);
  const completeTask = new CompleteTask(store, new FakeClock(T0));
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
    expect((await completeTask.execute(task, task, result)).result).toBe(stored);
  });

  it('is still held when its result is too large', async () => {
    const task = await held('large');
    await expect(completeTask.execute(task, task, '\u0001'.repeat(6_000))).rejects.toMatchObject({
      code: 'TASKS_RESULT_TOO_LARGE',
    });
    expect((await store.get(task))?.status).toBe('TAKEN');
  });
});
