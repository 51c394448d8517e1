import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HostedConnection, Subscriber } from '../../src/domain/flags/hosted-connection.ts';
import type { ConnectionRegistry } from '../../src/ports/flags.ts';

const connection = (connectionId: string, setId = 'web'): HostedConnection => ({
  connectionId,
  setId,
  owner: { subjects: ['sub:corp/1', 'group:corp/staff'], expiresAt: 1_800_000_000_000 },
});
const subscriber = (connectionId: string, contextId = 0, setId = 'web'): Subscriber => ({
  ...connection(connectionId, setId),
  context: { targetingKey: connectionId, amount: 0.1, tags: ['a', null], contextId },
  contextId,
});

/** @param make a new, empty registry */
export function describeConnectionRegistry(name: string, make: () => Promise<ConnectionRegistry>): void {
  describe(`ConnectionRegistry: ${name}`, () => {
    let registry: ConnectionRegistry;
    beforeEach(async () => {
      registry = await make();
    });

    const subscribers = async (setId = 'web'): Promise<Subscriber[]> => {
      const found = [];
      for await (const some of registry.subscribers(setId)) found.push(...some);
      return found.sort((a, b) => (a.connectionId < b.connectionId ? -1 : 1));
    };

    it('knows connections until they are closed, which may be said twice', async () => {
      expect(await registry.get('L0SM9cOFvHcCIhw=')).toBeUndefined();
      await registry.open(connection('L0SM9cOFvHcCIhw='));
      await registry.open({ connectionId: 'key', setId: 'web', owner: { subjects: ['key:page'] } });
      expect(await registry.get('L0SM9cOFvHcCIhw=')).toEqual(connection('L0SM9cOFvHcCIhw='));
      expect((await registry.get('key'))?.owner).toEqual({ subjects: ['key:page'] });
      expect(await registry.subscription(connection('key'))).toBeUndefined();
      expect(await subscribers()).toEqual([]);

      await registry.subscribe(subscriber('L0SM9cOFvHcCIhw='));
      for (const _ of [1, 2]) await registry.close(connection('L0SM9cOFvHcCIhw='));
      expect(await registry.get('L0SM9cOFvHcCIhw=')).toBeUndefined();
      expect(await subscribers()).toEqual([]);
      expect(await registry.get('key')).toBeDefined();
    });

    it('finds the subscribers of a set, and of no other, with their contexts', async () => {
      for (const id of ['a', 'b']) await registry.subscribe(subscriber(id));
      await registry.subscribe(subscriber('c', 0, 'web2'));

      expect(await subscribers()).toEqual([subscriber('a'), subscriber('b')]);
      expect(await registry.subscription(connection('b'))).toEqual(subscriber('b'));
      expect(await subscribers('web2')).toEqual([subscriber('c', 0, 'web2')]);
      expect(await subscribers('we')).toEqual([]);
    });

    it('finds all of many', async () => {
      const text = 'x'.repeat(15_000);
      const many = Array.from({ length: 150 }, (_, index) => ({
        ...subscriber(`c${String(index).padStart(3, '0')}`),
        context: { text },
      }));
      await Promise.all(many.map((each) => registry.subscribe(each)));

      expect(await subscribers()).toEqual(many);
    });

    it('keeps the later context', async () => {
      expect(await registry.subscribe(subscriber('a', 1))).toBe(true);
      expect(await registry.subscribe(subscriber('a', 3))).toBe(true);
      expect(await registry.subscribe(subscriber('a', 2))).toBe(false);
      expect(await subscribers()).toEqual([subscriber('a', 3)]);
      expect(await registry.subscribe(subscriber('a', 3))).toBe(true);
    });
  });
}
