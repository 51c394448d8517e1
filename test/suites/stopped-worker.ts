import { expect } from '@jest/globals';
import { ResultsModel } from '../helpers/results-model.ts';
import { VotingFleet } from '../helpers/voting-fleet.ts';

const VOTERS = 10;

/**
 * Votes through a process that serves requests, while the only worker is stopped half-way, and holds every answer to what
 * was sent.
 *
 * @returns how long after the last vote results showed all of them, ms
 */
export async function voteWithStoppedWorker(endpoint: string, votes: number): Promise<number> {
  const fleet = await VotingFleet.onNewTables(endpoint);
  const api = await fleet.add({ ROLE: 'api' });
  const worker = await fleet.add({ ROLE: 'worker' });
  await fleet.createPoll();
  const model = new ResultsModel();
  let sent = 0;
  const voter = async (): Promise<void> => {
    while (sent < votes) {
      if (++sent === Math.floor(votes / 2)) worker.server.kill('SIGSTOP');
      await fleet.vote(model, [api]);
    }
  };
  let isOver = false;
  const voting = Promise.all(Array.from({ length: VOTERS }, voter)).finally(() => {
    isOver = true;
  });
  let shown = 0;
  while (!isOver) shown = (await model.check(() => fleet.results(api)))?.ballots ?? shown;
  await voting;
  const lastVoteAt = performance.now();
  while (shown < votes && performance.now() - lastVoteAt < 30_000)
    shown = (await model.check(() => fleet.results(api)))?.ballots ?? shown;
  const completeAfterMs = performance.now() - lastVoteAt;

  expect(shown).toBe(votes);
  const repaired = api.server.logs.filter(({ msg }) => msg.startsWith('votes were missing in a tally'));
  const { audit } = await fleet.close(api);
  await model.check(() => fleet.results(api));
  expect(model.lies).toEqual([]);
  expect(audit).toMatchObject({ ballots: votes, shards: votes, tally: votes, drift: 0, doubleVoters: 0 });
  // A check this long after the last vote finds some that the stream should have brought.
  if (completeAfterMs > 8_000) expect(repaired.length).toBeGreaterThan(0);
  await fleet.stop();
  return completeAfterMs;
}
