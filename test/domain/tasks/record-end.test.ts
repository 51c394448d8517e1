import { describe, expect, it } from '@jest/globals';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';
import { tasksWorld } from '../../helpers/tasks-world.ts';

describe('a task that ends is recorded', () => {
  const clock = new FakeClock(T0);
  const store = new MemoryTaskStore(1_000_000);
  const recorded: string[] = [];
  const { taskLeases, claimTasks, cancelTask } = tasksWorld({
    tasks: store,
    clock,
    meter: { record: (name) => void recorded.push(name) },
  });
  async function held(maxAttempts = 5): Promise<string> {
    const { taskId } = aTask({ maxAttempts });
    await store.add(aTask({ taskId, maxAttempts }), 100);
    await store.claim(taskId, aGrant(taskId, clock.now(), 1_000));
    return taskId;
  }
  const taken = (): string[] => recorded.splice(0);
  const failure = { error: 'no', retry: true };

  it('when its holder ends it, and not when the same is said again', async () => {
    const [good, bad] = [await held(), await held(1)];
    for (let time = 0; time < 2; time++) {
      await taskLeases.complete(good, good, undefined);
      await taskLeases.fail(bad, bad, failure);
    }

    expect(taken()).toEqual(['TasksDone', 'TasksDone', 'TasksFailed']);
  });

  it('and not while it goes on, or is cancelled', async () => {
    const [retried, released, extended, cancelled] = [await held(), await held(), await held(), await held()];
    await taskLeases.fail(retried, retried, failure);
    await taskLeases.release(released, released);
    await taskLeases.extend(extended, extended, 1);
    await cancelTask.execute(cancelled);

    expect(taken()).toEqual([]);
  });

  it('when a claim finds that its last lease ran out', async () => {
    await held(1);
    clock.advance(1_000);
    await claimTasks.execute(aTask({}).queue, [{ max: 1 }]);

    expect(taken()).toEqual(['TasksDone', 'TasksFailed']);
  });
});
