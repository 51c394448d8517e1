import { describe, expect, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { callsUnderWrongClocks, playTaskFaults } from '../suites/tasks-fault-schedule.ts';

const report = (line: string): void => void process.stderr.write(`${line}\n`);

await withServer('tasks under a schedule of faults', startDynamoDbLocal, ({ endpoint }) => {
  describe('tasks', () => {
    it('are called once, though clocks are ahead of each other by more than a lease', async () => {
      expect(await callsUnderWrongClocks(endpoint, 42)).toBe(42);
    }, 120_000);

    it.each([
      { seed: 1, seconds: 45, stallMs: 6_000 },
      { seed: 2, seconds: 200, stallMs: 60_000 },
      { seed: 3, seconds: 60, stallMs: 6_000 },
      { seed: 4, seconds: 60, stallMs: 6_000 },
    ])(
      'are done once, and every figure is right within 10 s, though processes and store fail: seed $seed',
      async (schedule) => {
        const { tasks, kills, calls, settledAfterMs } = await playTaskFaults(endpoint, schedule);

        report(
          `seed ${schedule.seed}: ${tasks} tasks, ${kills} kills, ${calls} calls of the service; ` +
            `all figures were right ${Math.round(settledAfterMs)} ms after the last task was done`,
        );
        expect(tasks).toBeGreaterThan(300);
      },
      600_000,
    );
  });
});
