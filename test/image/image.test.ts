import { afterAll, describe, expect, it } from '@jest/globals';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { startRedis } from '../helpers/servers/redis.ts';
import { findEngine, type RunningContainer } from './engines.ts';

const TAG = `portside-test:${process.pid}`;
const STOP_MS = 10_000;
const MEGABYTE = 1e6;
const json = { 'content-type': 'application/json' };

const report = (line: string): void => void process.stderr.write(`${line}\n`);

const engine = await findEngine();
const dynamoDb = await startDynamoDbLocal();
const redis = await startRedis();
const started = new Set<RunningContainer>();

afterAll(async () => {
  await Promise.all([dynamoDb.stop(), redis.stop()]);
  for (const container of started) await container.kill();
  await engine.remove(TAG);
});

async function run(env: Record<string, string>, command?: readonly string[]): Promise<RunningContainer> {
  const container = await engine.run(TAG, { PORT: '0', HOST: '127.0.0.1', ...env }, command);
  started.add(container);
  return container;
}

/** Votes three times and waits for the tally. */
async function vote(url: string): Promise<void> {
  const post = (path: string, body: object, headers = {}) =>
    fetch(url + path, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) });
  const poll = { pollId: 'lunch', question: 'Lunch?', choices: ['SOUP', 'SALAD'] };
  expect((await post('/polls', poll, authorization)).status).toBe(201);
  for (const key of ['a', 'b', 'b', 'c'])
    expect((await post('/polls/lunch/votes', { choice: 'SOUP' }, { 'idempotency-key': key })).ok).toBe(true);
  await eventually(
    async () => (await (await fetch(`${url}/polls/lunch/results`)).json()) as { total: number },
    ({ total }) => total === 3,
    20_000,
  );
}

async function stops(container: RunningContainer): Promise<void> {
  const before = performance.now();
  expect(await container.stop()).toBe(0);
  expect(performance.now() - before).toBeLessThan(STOP_MS);
}

describe(`the image, by ${engine.name}`, () => {
  it('is built from the Dockerfile, with nothing in it but what runs', async () => {
    await engine.build(TAG);

    const { image, base } = await engine.sizes(TAG);
    report(
      `the image takes ${Math.round(image / MEGABYTE)} MB, ${Math.round((image - base) / MEGABYTE)} MB above its base`,
    );
    expect(image - base).toBeLessThan(100 * MEGABYTE);
    const list = await run({}, [
      'node',
      '-e',
      'console.log(fs.readdirSync(".").sort().join(), fs.readdirSync("node_modules").join())',
    ]);
    expect(await list.exit).toBe(0);
    expect(list.output).toMatch(/^dist,node_modules,package\.json /m);
    expect(list.output).not.toMatch(/[ ,](jest|typescript|esbuild|playwright-core)(,|$)/m);
  });

  it('runs as a user who is not root and can write nothing that belongs to the service', async () => {
    const script = `
      const refused = (path) => { try { fs.writeFileSync(path, ''); return false; } catch { return true; } };
      console.log(process.getuid(), ['dist/server.js', 'package.json', 'new', '/etc/new'].every(refused));
    `;
    const container = await run({}, ['node', '-e', script]);

    expect(await container.exit).toBe(0);
    expect(container.output).toMatch(/^[1-9]\d* true$/m);
  });

  it('serves from its disk, healthy by its own check, and ends with 0 on SIGTERM', async () => {
    const before = performance.now();
    const container = await run({ API_KEYS: `test=${KEY}` });
    const url = await container.url();
    report(`it listens ${Math.round(performance.now() - before)} ms after the start`);

    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'ok' });
    await vote(url);
    expect((await fetch(url)).headers.get('content-type')).toContain('text/html');
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    await stops(container);
  });

  it('serves on DynamoDB and Redis with the tables that its own command makes, in both roles', async () => {
    const settings = {
      ...dynamoDbSettings(dynamoDb.endpoint),
      API_KEYS: `test=${KEY}`,
      CACHE: 'redis',
      REDIS_URL: redis.url,
    };
    const tables = await run(settings, ['node', 'dist/tables.js']);
    expect({ exit: await tables.exit, output: tables.output }).toMatchObject({ exit: 0 });

    const [api, worker] = [await run({ ...settings, ROLE: 'api' }), await run({ ...settings, ROLE: 'worker' })];
    const [url] = [await api.url(), await worker.url()];
    await vote(url);
    await stops(api);
    await stops(worker);
  });

  it('refuses wrong settings with 78 and all that is wrong', async () => {
    const container = await run({ PORT: 'eighty', STORAGE: 'paper' });

    expect(await container.exit).toBe(78);
    expect(container.output).toContain('PORT');
    expect(container.output).toContain('STORAGE');
  });
});
