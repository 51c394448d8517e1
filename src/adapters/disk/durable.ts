import type { Database } from './database.ts';

/**
 * A store whose changes are durable when they are answered. What only reads is answered at once.
 *
 * @param store makes all changes of a method in one go, before it awaits anything
 */
export function durable<Store extends object>(database: Database, store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...values: unknown[]) => {
        const before = database.changes;
        const answer = member.apply(target, values);
        if (database.changes === before) return answer;
        const [result] = await Promise.all([answer, database.durable()]);
        return result;
      };
    },
  });
}
