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
