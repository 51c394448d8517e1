import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database } from './database.ts';

/** What one request has done. */
interface Doing {
  hasChanged: boolean;
}

const doing = new AsyncLocalStorage<Doing>();

/**
 * A store whose changes are durable when they are answered. What only reads is answered at once.
 *
 * @param store makes all changes of a method in one go, before it awaits anything
 * @param holdsReads whether reads wait too, until what they saw is durable
 */
export function durable<Store extends object>(database: Database, store: Store, holdsReads = false): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...values: unknown[]) => {
        const before = database.changes;
        const answer = member.apply(target, values);
        const isRead = database.changes === before;
        if (isRead && !holdsReads) return answer;
        const [result] = await Promise.all([answer, database.durable()]);
        const request = doing.getStore();
        if (request && !isRead) request.hasChanged = true;
        return result;
      };
    },
  });
}

/**
 * Follows a request.
 *
 * @param work carries it out
 * @returns asked before its answer leaves: resolves when what it has read is durable, and rejects if that is taken back. A
 * request that made a change has waited for it, and is not held to what others do
 */
export function followRequest(database: Database, work: () => void): () => Promise<void> | undefined {
  const request: Doing = { hasChanged: false };
  doing.run(request, work);
  return () => (request.hasChanged ? undefined : database.durable());
}
