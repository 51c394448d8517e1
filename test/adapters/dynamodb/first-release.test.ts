import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { unfinishedPollsOfFirstRelease } from '../../../src/adapters/dynamodb/first-release.ts';
import { DynamoDbPollStore } from '../../../src/adapters/dynamodb/poll-store.ts';
import type { VoteTables } from '../../../src/adapters/dynamodb/vote-tables.ts';
import { countUnits } from '../../helpers/consumed-units.ts';
import { type OldPoll, putOldPoll } from '../../helpers/first-release.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aPoll } from '../../helpers/votes.ts';

const NOW = Date.UTC(2026, 0, 1);

await withServer('the search for polls of the first release', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  afterAll(() => client.destroy());

  describe('the search for polls of the first release', () => {
    let tables: VoteTables;
    beforeEach(async () => {
      tables = await newVoteTables(client);
    });

    const unfinished = () => unfinishedPollsOfFirstRelease(client, tables.tallies, NOW);
    const put = (pollId: string, fields: Partial<OldPoll> = {}) =>
      putOldPoll(client, tables, { pollId, createdAt: NOW - 10_000, ...fields });

    it('finds nothing in tables that are empty', async () => {
      expect(await unfinished()).toEqual([]);
    });

    it.each<[status: string, fields: Partial<OldPoll>, isFound: boolean]>([
      ['open', {}, true],
      ['open, and to be closed later', { closesAt: NOW + 1 }, true],
      ['scheduled', { opensAt: NOW + 1 }, true],
      ['past its end', { closesAt: NOW }, false],
      ['closed by a sweep', { closesAt: NOW - 5_000, closedAt: NOW - 4_000 }, false],
      ['closed before its end', { closesAt: NOW + 5_000, closedAt: NOW - 4_000 }, false],
      ['closed before it opened', { opensAt: NOW + 5_000, closedAt: NOW - 4_000 }, false],
    ])('tells whether a poll is unfinished that is %s', async (_, fields, isFound) => {
      await put('p', fields);
      expect(await unfinished()).toEqual(isFound ? ['p'] : []);
    });

    it('finds every one among many, oldest first, and none of this release', async () => {
      for (let age = 0; age < 130; age++) await put(`p${age}`, { createdAt: NOW - 500 + age, closedAt: NOW - 1 });
      const unfinishedAges = { a: 129, c: 0, b: 60 };
      for (const [pollId, age] of Object.entries(unfinishedAges)) await put(pollId, { createdAt: NOW - 500 + age });
      await new DynamoDbPollStore(client, tables.tallies).create(aPoll({ pollId: 'new', createdAt: NOW - 1 }));

      expect(await unfinished()).toEqual(['c', 'b', 'a']);
    });

    it('costs no more when there are many polls of this release', async () => {
      const store = new DynamoDbPollStore(client, tables.tallies);
      await put('old', { closedAt: NOW - 1 });
      for (let age = 0; age < 250; age++) await store.create(aPoll({ pollId: `p${age}`, createdAt: NOW + age }));
      const units = countUnits(client);

      expect(await unfinished()).toEqual([]);
      expect(units.requests).toBeLessThanOrEqual(2);
      client.middlewareStack.remove('countUnits');
    });
  });
});
