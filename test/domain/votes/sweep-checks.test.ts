import { expect, it } from '@jest/globals';
import { votesWorld } from '../../helpers/votes-world.ts';

const MINUTE = 60_000;

it('each sweep a minute after the last finds votes that nobody folds within six minutes, whoever looked meanwhile', async () => {
  const { clock, given, castVote, checkTally, polls, tallies, repaired, sweepPolls } = votesWorld();
  const pollId = 'colors';
  await given({ pollId });
  const sweepFor = async (minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes; minute++) {
      clock.advance(MINUTE);
      await sweepPolls.execute();
    }
  };
  await sweepFor(5);

  // Somebody looks, so that the next check is due half a minute after the sweep that would have made it.
  clock.advance(MINUTE / 2);
  const poll = await polls.get(pollId);
  if (poll) await checkTally.ifDue(poll, await tallies.get(pollId), 0);
  await castVote.execute(pollId, { choice: 'RED', channel: 'web' });
  clock.advance(MINUTE / 2);
  await sweepPolls.execute();
  await sweepFor(4);
  expect(repaired).toEqual([]);
  await sweepFor(1);

  expect(repaired).toEqual([[pollId, 1]]);
});

it('names the polls that could not be swept', async () => {
  const { clock, given, tallies, sweepPolls } = votesWorld();
  for (const pollId of ['good', 'bad']) await given({ pollId });
  const get = tallies.get.bind(tallies);
  tallies.get = (pollId) => (pollId === 'bad' ? Promise.reject(new Error('no')) : get(pollId));
  clock.advance(6 * MINUTE);

  await expect(sweepPolls.execute()).rejects.toThrow('1 polls could not be swept: bad');
});
