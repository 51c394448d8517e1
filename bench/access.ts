/**
 * How long the hook takes that judges a request by policies:
 *
 *     npm run bench -- access [requests] [policies]
 *
 * The most that is to be paid is 0.05 ms a request (median).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PolicySnapshot } from '../src/adapters/caching/policy-snapshot.ts';
import { systemClock } from '../src/adapters/system/clock.ts';
import { ageingClock } from '../src/adapters/system/elapsed-time.ts';
import type { Policy } from '../src/domain/access/policy.ts';
import { MAX_STATEMENTS } from '../src/domain/access/put-policy.ts';
import { authorizeByPolicies } from '../src/entrypoints/http/access/authorize.ts';

const MOST_MS = 0.05;
const requests = Number(process.argv[2] ?? 100_000);
const policies = Number(process.argv[3] ?? 1_000);

const allowOf = (group: number) =>
  Array.from({ length: MAX_STATEMENTS }, (_, index) => `GET /queues/queue-${group}-${index}/tasks/*/**`);
const set = {
  version: 1,
  policies: Array.from({ length: policies }, (_, index): Policy => {
    return { subject: `group:${index}`, allow: allowOf(index), deny: [], revision: index + 1, effectiveBy: 0 };
  }),
};
const snapshot = new PolicySnapshot({ version: async () => 1, read: async () => set }, ageingClock());
await snapshot.current();
const { authorize } = authorizeByPolicies(snapshot, systemClock);

/** The last statement of the last of ten groups allows the request: all others are looked at before. */
const subjects = ['sub:ann', ...Array.from({ length: 10 }, (_, index) => `group:${policies - 10 + index}`)] as const;
const request = {
  method: 'GET',
  params: { queue: `queue-${policies - 1}-${MAX_STATEMENTS - 1}`, taskId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
  routeOptions: { url: '/queues/:queue/tasks/:taskId/history', config: { key: true } },
} as unknown as FastifyRequest;

const caller = { subjects: subjects as unknown as readonly [string, ...string[]] };
const ms: number[] = [];
for (let count = 0; count < requests; count++) {
  const begun = performance.now();
  await authorize(request, {} as FastifyReply, caller);
  ms.push(performance.now() - begun);
}
ms.sort((one, other) => one - other);
const at = (share: number): number => ms[Math.ceil(ms.length * share) - 1] as number;
console.log(
  `${requests} requests of a caller with ${subjects.length} subjects and ${10 * MAX_STATEMENTS} statements, ${policies} policies: ` +
    `${(at(0.5) * 1_000).toFixed(1)} µs (median), ${(at(0.99) * 1_000).toFixed(1)} µs (99 %)`,
);
process.exitCode = at(0.5) <= MOST_MS ? 0 : 1;
