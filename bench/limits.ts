import { MemoryLimitStore } from '../src/adapters/memory/limit-store.ts';
import { steadyClock } from '../src/adapters/system/clock.ts';
import { type LimitState, take } from '../src/domain/limits/take.ts';

/** What takes cost in the process: `npx tsx bench/limits.ts`. Units on DynamoDB are held by test/adapters/dynamodb/limits.test.ts. */
const limit = { version: 1, rate: { requests: 1_000, perSeconds: 1, burst: 1_000 } };
const MILLION = 1_000_000;

const perSecond = (count: number, startedAt: number): number =>
  Math.round((count * 1_000) / (performance.now() - startedAt));

let startedAt = performance.now();
let state: LimitState | undefined;
for (let count = 0; count < MILLION; count++) state = take(state, limit, 1, 1_800_000_000_000 + count).state;
console.log(`decisions a second: ${perSecond(MILLION, startedAt)}`);

const store = new MemoryLimitStore(steadyClock());
const before = process.memoryUsage().rss;
const slow = { version: 1, rate: { requests: 1, perSeconds: 3_600, burst: 1 } };
startedAt = performance.now();
for (let count = 0; count < MILLION; count++)
  await store.take({ policyId: 'p', key: `203.0.113.7:${count}`, limit: slow, accuracy: 'exact', cost: 1 });
console.log(`takes a second in memory, each of a new key: ${perSecond(MILLION, startedAt)}`);
console.log(`memory of a million keys, MB: ${Math.round((process.memoryUsage().rss - before) / MILLION)}`);
