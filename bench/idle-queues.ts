/**
 * What queues cost in which nothing happens: requests to DynamoDB Local of one process, in a second, with many of them that
 * have a runner: `npm run bench -- idle-queues [queues]`.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDbQueueStore } from '../src/adapters/dynamodb/queue-store.ts';
import { concurrently } from '../src/domain/shared/concurrently.ts';
import { queueSettings } from '../src/domain/tasks/queue.ts';
import { makeTables } from '../src/entrypoints/cli/operate.ts';
import { startDynamoDbLocal } from '../test/helpers/servers/dynamodb-local.ts';
import { clientOf, dynamoDbEnv } from '../test/helpers/servers/dynamodb-tables.ts';
import { FaultyProxy } from '../test/helpers/servers/faulty-proxy.ts';

const SECONDS = 60;
const KEY = 'a-key-of-the-bench';
const queues = Number(process.argv[2] ?? 300);

const server = await startDynamoDbLocal();
const proxy = await FaultyProxy.start(server.endpoint);
const runner = createServer((_, response) => response.end('"done"')).listen(0, '127.0.0.1');
const env = {
  ...dynamoDbEnv(proxy.endpoint),
  STORAGE: 'dynamodb',
  TABLE_PREFIX: 'bench-',
  VOTER_KEY: 'a voter key of the bench',
  API_KEYS: `bench=${KEY}`,
  RUNNER_HOSTS: '127.0.0.0/8',
  HOST: '127.0.0.1',
  PORT: '0',
};
const client = await clientOf(server.endpoint);
await makeTables(env);
const store = new DynamoDbQueueStore(client, 'bench-queues');
const url = `http://127.0.0.1:${(runner.address() as AddressInfo).port}/`;
await concurrently(10, Array.from({ length: queues }), (_) =>
  store.create(queueSettings(`queue-${Math.random().toString(36).slice(2)}`, { runner: { url } })),
);
const child = spawn(process.execPath, ['--import', 'tsx', 'src/entrypoints/container/server.ts'], {
  env: { ...process.env, ...env },
  stdio: ['ignore', 'ignore', 'inherit'],
});
try {
  const perSecond: number[] = [];
  const names = new Map<string, number>();
  for (let second = 0; second < 2 * SECONDS; second++) {
    proxy.requests.length = 0;
    await delay(1_000);
    perSecond.push(proxy.requests.length);
    if (second >= SECONDS)
      for (const { operation } of proxy.requests) names.set(operation, (names.get(operation) ?? 0) + 1);
  }
  const mean = (from: number, to: number) =>
    perSecond.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
  console.table({
    queues,
    'requests/s in the first minute': mean(0, SECONDS),
    'requests/s in the second minute': mean(SECONDS, 2 * SECONDS),
    'most in one second of the second minute': Math.max(...perSecond.slice(SECONDS)),
    ...Object.fromEntries([...names].map(([name, count]) => [`${name}/s`, count / SECONDS])),
  });
} finally {
  child.kill();
  client.destroy();
  runner.close();
  await proxy.stop();
  await server.stop();
}
