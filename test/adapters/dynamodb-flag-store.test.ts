import { type DynamoDBDocumentClient, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DynamoDbFlagStore } from '../../src/adapters/dynamodb/flag-store.ts';
import { AdvanceFlagSet } from '../../src/domain/flags/advance-flag-set.ts';
import { ChangeFlags } from '../../src/domain/flags/change-flags.ts';
import { CurrentFlagSets } from '../../src/domain/flags/current-flag-sets.ts';
import { DeleteFlagSet } from '../../src/domain/flags/delete-flag-set.ts';
import type { FlagDefinition } from '../../src/domain/flags/flag.ts';
import type { FlagSet } from '../../src/domain/flags/flag-set.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { aFlag, ruleIf } from '../helpers/flags.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf, newFlagTable } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';

/** A client whose queries may show what they showed before, as one may while a transaction is being made. */
class LaggingQueries {
  shown = 0;
  private before: unknown;
  private left = 0;

  constructor(readonly client: DynamoDBDocumentClient) {
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (request) => {
          if (commandName !== 'QueryCommand') return next(request);
          if (this.left-- > 0) {
            this.shown++;
            return this.before as Awaited<ReturnType<typeof next>>;
          }
          const answer = await next(request);
          this.before = answer;
          return answer;
        },
      { step: 'initialize', priority: 'high' },
    );
  }

  /** @param times how many queries show what the last one showed */
  showOld(times: number): void {
    this.left = times;
  }

  reset(): void {
    this.left = this.shown = 0;
  }
}

await withServer('flag sets on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  const lagging = new LaggingQueries(await clientOf(endpoint));
  afterAll(() => {
    client.destroy();
    lagging.client.destroy();
  });

  describe('a flag set on DynamoDB', () => {
    let table: string;
    let store: DynamoDbFlagStore;
    /** A process, with a clock of its own. */
    const processOf = (clock: FakeClock) => {
      const current = new CurrentFlagSets(store, new AdvanceFlagSet(store, clock), clock, clock);
      return { current, changes: new ChangeFlags(store, current, clock) };
    };
    let changes: ChangeFlags;
    const put = (key: string, fields: Partial<FlagDefinition> = {}) =>
      changes.put({ setId: 'web', by: 'admin' }, key, aFlag(key, fields));
    const read = async () => (await store.get('web')) as FlagSet;

    beforeEach(async () => {
      lagging.reset();
      table = await newFlagTable(client);
      store = new DynamoDbFlagStore(client, table);
      changes = processOf(new FakeClock()).changes;
      await store.create({ setId: 'web', createdAt: new FakeClock().now() });
    });

    const key = (sk: string) => ({ TableName: table, Key: { pk: 'FLAGSET#web', sk } });
    const items = async () => {
      const query = {
        TableName: table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': 'FLAGSET#web' },
      };
      return (await client.send(new QueryCommand(query))).Items ?? [];
    };

    it('is never a new revision with flags of before, in whatever order the parts of a change are seen', async () => {
      const seen = new DynamoDbFlagStore(lagging.client, table);
      await put('a', { description: '1' });
      await put('b');
      await seen.get('web');
      await put('a', { description: '2' });
      lagging.showOld(2);
      const set = (await seen.get('web')) as FlagSet;
      expect([set.revision, set.flags.get('a')?.description]).toEqual([3, '2']);
      expect(lagging.shown).toBe(2);

      // One that goes and one that comes leave their number as it was.
      const before = await read();
      lagging.reset();
      await seen.get('web');
      const [b, c] = [aFlag('b'), aFlag('c')];
      await store.commit(before, {
        revision: 4,
        at: before.updatedAt,
        by: 'admin',
        changes: [
          { key: 'b', before: b, after: undefined },
          { key: 'c', before: undefined, after: c },
        ],
      });
      lagging.showOld(1);
      expect([...((await seen.get('web')) as FlagSet).flags.keys()].sort()).toEqual(['a', 'c']);
    });

    it('is unavailable rather than wrong while its parts do not fit', async () => {
      const seen = new DynamoDbFlagStore(lagging.client, table);
      await put('a');
      await seen.get('web');
      await put('a', { description: '2' });
      lagging.showOld(Number.POSITIVE_INFINITY);
      await expect(seen.get('web')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    it('is read as an earlier version left it, and vouches for its flags from the next change on', async () => {
      await put('a', { variants: JSON.parse('{ "red": "\\u0000", "blue": "é" }') });
      await put('b', { type: 'object', variants: { red: JSON.parse('{ "__proto__": 1, "2": [1e21, -0], "1": {} }') } });
      // An earlier version knows of no digest: it leaves none, or that of a revision of before.
      const old = { UpdateExpression: 'SET revision = :next', ExpressionAttributeValues: { ':next': 3 } };
      await client.send(new UpdateCommand({ ...key('head'), ...old }));
      expect(await read()).toMatchObject({ revision: 3 });
      await client.send(new UpdateCommand({ ...key('head'), UpdateExpression: 'REMOVE content' }));
      const set = await read();
      expect([...set.flags.keys()]).toEqual(['a', 'b']);

      await put('c');
      expect([...(await read()).flags.keys()]).toEqual(['a', 'b', 'c']);
      expect((await items()).find(({ sk }) => sk === 'head')).toMatchObject({
        count: 3,
        content: expect.stringMatching(/^4 [\w-]{43}$/),
      });
      const other = { UpdateExpression: 'SET flag = :flag', ExpressionAttributeValues: { ':flag': '{"key":"a"}' } };
      await client.send(new UpdateCommand({ ...key('flag#a'), ...other }));
      await expect(read()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    it('leaves nothing but the mark that its id was given, also where its deletion broke off', async () => {
      for (let index = 0; index < 30; index++) await put(`flag-${index}`, { description: 'ada@example.org' });
      const deletion = new DeleteFlagSet(store);
      await deletion.clear('web');
      expect(await items()).toHaveLength(61);
      await deletion.execute('web');
      // The process ends here; somebody deletes the set again.
      await expect(deletion.execute('web')).rejects.toMatchObject({ code: 'FLAGS_SET_NOT_FOUND' });
      expect(await items()).toMatchObject([{ sk: 'head', isDeleted: true }]);
      expect(await store.create({ setId: 'web', createdAt: 0 })).toBe(false);
    });

    it('turns at the instant that a rule names in every process, by one revision', async () => {
      const start = new FakeClock().now();
      await put('a', { rules: ruleIf('now', 'after', new Date(start + 60_000).toISOString()) });
      const clocks = [new FakeClock(), new FakeClock(), new FakeClock()];
      const processes = clocks.map(processOf);
      const readAll = () => Promise.all(processes.map(({ current }) => current.read('web')));
      for (const clock of clocks) clock.advance(59_999);
      expect((await readAll()).map(({ set }) => set.revision)).toEqual([1, 1, 1]);
      for (const clock of clocks) clock.advance(1);
      const turned = await readAll();
      expect(turned.map(({ set }) => [set.revision, set.updatedAt])).toEqual(Array(3).fill([2, start + 60_000]));
      const { items } = await store.history('web', { limit: 10 });
      expect(items.map(({ revision, by }) => [revision, by])).toEqual([
        [2, 'schedule'],
        [1, 'admin'],
      ]);
    });
  });
});
