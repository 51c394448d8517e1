import { describe, expect, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { voteWithStoppedWorker } from '../suites/stopped-worker.ts';
import { playFaults } from '../suites/votes-fault-schedule.ts';

const report = (line: string): void => void process.stderr.write(`${line}\n`);

await withServer('votes under a schedule of faults', startDynamoDbLocal, ({ endpoint }) => {
  describe('results', () => {
    it('show all of 2,000 votes within 15 s though the only worker was stopped half-way', async () => {
      const completeAfterMs = await voteWithStoppedWorker(endpoint, 2_000);

      report(`all of 2,000 votes were shown ${Math.round(completeAfterMs)} ms after the last one`);
      expect(completeAfterMs).toBeLessThan(15_000);
    }, 300_000);

    it.each([1, 2, 3, 4, 5, 6])(
      'are never wrong without saying so while processes stop, die and lose the time, seed %i',
      async (seed) => {
        const { votes, answers, worstAgeMs } = await playFaults(endpoint, seed, 60);

        report(
          `seed ${seed}: ${answers} answers held to ${votes} votes; the oldest was complete ${worstAgeMs} ms before`,
        );
        expect(answers).toBeGreaterThan(50);
      },
      300_000,
    );
  });
});
