import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.ts';
import { FlagSocketClient } from '../helpers/flag-socket-client.ts';
import { ServerProcess } from '../helpers/server-process.ts';

const KEY = 'test-key-0123456789';
const headers = { authorization: `Bearer ${KEY}` };
const CHANGES = 10;
const RETRY_MS = 15_000;

it('a client holds the newest values again after its server was killed, and has never gone back', async () => {
  const DATA_DIR = await mkdtemp(join(tmpdir(), 'flags-'));
  const env = { STORAGE: 'disk', DATA_DIR, API_KEYS: `test=${KEY}` };
  let server = await ServerProcess.start(env);
  const call = async (method: string, path: string, body: object): Promise<{ revision: number }> => {
    const answer = await fetch(server.url + path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.ok).toBe(true);
    return (await answer.json()) as { revision: number };
  };
  const put = (index: number) =>
    call('PUT', `/flag-sets/web/flags/flag-${index % 3}`, {
      type: 'number',
      variants: { one: index },
      defaultVariant: 'one',
      state: 'ENABLED',
    });
  const connect = (client?: FlagSocketClient['client']) =>
    FlagSocketClient.connect(`${server.url}/flag-sets/web/socket`, {}, { headers, ...(client && { client }) });
  const revisionsIn = (connection: FlagSocketClient) =>
    connection.messages.map(({ type, to, revision }) => Number(type === 'change' ? to : revision));

  await call('POST', '/flag-sets', { setId: 'web' });
  const first = await connect();
  for (let index = 0; index < CHANGES; index++) await put(index);
  await first.reaches(CHANGES);
  const last = await put(CHANGES);
  // Killed before or after it told the client: both must do.
  server.kill('SIGKILL');
  await server.exit;
  await eventually(() => first.closed, Boolean);

  server = await ServerProcess.start(env);
  const second = await connect(first.client);
  await second.reaches(last.revision, RETRY_MS);
  const { revision } = await put(CHANGES + 1);
  await second.reaches(revision);
  const values = [...second.client.values.values()].map(({ key, value }) => [key, value]);
  expect(values.sort()).toEqual([
    ['flag-0', 9],
    ['flag-1', 10],
    ['flag-2', CHANGES + 1],
  ]);
  const seen = [...revisionsIn(first), ...revisionsIn(second)];
  expect(seen).toEqual([...seen].sort((one, other) => one - other));

  const begin = performance.now();
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - begin).toBeLessThan(5_000);
  expect(second.closed).toEqual({ code: 1001, reason: expect.stringMatching(/^\{"retryMs":\d+\}$/) });
  await rm(DATA_DIR, { recursive: true });
});
