import type { Database } from './database.ts';

/**
 * A store whose answers are durable: a change waits for its own sync, and a read for that of the newest change of the same
 * store. A read that may have seen what is then taken back is made again.
 *
 * @param store makes all changes of a method in one go, before it awaits anything
 */
export function durable<Store extends object>(database: Database, store: Store): Store {
  /** Resolves when the newest change of the store is durable. */
  let newest: Promise<void> | undefined;
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...values: unknown[]) => {
        for (;;) {
          database.ensureOpen();
          const before = database.changes;
          const answer = member.apply(target, values);
          const isRead = database.changes === before;
          if (!isRead) newest = database.durable();
          const awaited = newest;
          const result = await answer;
          try {
            await awaited;
            return result;
          } catch (error) {
            if (newest === awaited) newest = database.durable();
            if (!isRead) throw error;
          }
        }
      };
    },
  });
}
