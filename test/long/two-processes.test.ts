import { describe, expect, it } from '@jest/globals';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { viewingDelays, voteThroughProcesses } from '../suites/votes-through-processes.ts';

const report = (line: string): void => void process.stderr.write(`${line}\n`);

await withServer('two processes', startDynamoDbLocal, ({ endpoint }) => {
  describe('two service processes on DynamoDB', () => {
    it.each([
      { seed: 1, votes: 5_000 },
      { seed: 2, votes: 20_000 },
    ])(
      'count $votes votes exactly while one is killed five times and the poll is closed under way, seed $seed',
      async ({ votes }) => {
        // The other one is killed once, when it has taken over the stream.
        const completeAfter = await voteThroughProcesses(endpoint, { votes, kills: [0, 1, 0, 0, 0, 0] });

        report(`the tally was complete ${Math.round(completeAfter)} ms after the last of ${votes} votes`);
        expect(completeAfter).toBeLessThan(10_000);
      },
      1_800_000,
    );

    it('show a new count to viewers of both within a second and a half, whichever of them took the vote', async () => {
      const delays = await viewingDelays(endpoint, 60);
      const at = (share: number): number => Math.round(delays[Math.ceil(delays.length * share) - 1] as number);

      report(`a new count reached viewers after ${at(0.5)} ms (median), ${at(0.95)} ms (95 %), ${at(1)} ms (worst)`);
      // An idle reader of the stream looks once a second.
      expect(at(0.95)).toBeLessThan(1_500);
      // What a busy machine may hold up.
      expect(at(1)).toBeLessThan(3_000);
    });
  });
});
