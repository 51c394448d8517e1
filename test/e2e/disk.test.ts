import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { playKills } from '../suites/disk-under-kills.ts';

const KEY = 'key-of-the-disk-01234';
const json = { 'content-type': 'application/json' };
const run = promisify(execFile);

/** Whether file systems can be mounted, as a test of `what` does; in CI they must be. */
function isRoot(what: string): boolean {
  if (process.getuid?.() === 0) return true;
  if (process.env.CI) throw new Error(`The test of ${what} mounts file systems, for which it has to be root.`);
  process.stderr.write(`not root: ${what} was not tried\n`);
  return false;
}

describe('a service on disk', () => {
  let folder: string;
  let DATA_DIR: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portside-e2e-disk-'));
    DATA_DIR = join(folder, 'data');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const voteFor = (server: ServerProcess, choice = 'RED') =>
    fetch(`${server.url}/polls/colors/votes`, { method: 'POST', headers: json, body: JSON.stringify({ choice }) });
  const totalOf = async (server: ServerProcess): Promise<number> =>
    ((await (await fetch(`${server.url}/polls/colors/results`)).json()) as { total: number }).total;

  it('that is killed under load keeps all that it answered, and nothing twice', async () => {
    const { answers } = await playKills({
      env: { DATA_DIR },
      kills: 3,
      clients: 10,
      seed: 7,
      livesMs: [300, 1_500],
    });
    expect(answers).toBeGreaterThan(50);
  }, 120_000);

  it('keeps the keys that it made, and what was deleted stays so', async () => {
    const keyOf = (server: ServerProcess) => String(server.logs.find(({ apiKey }) => apiKey !== undefined)?.apiKey);
    const first = await ServerProcess.start({ DATA_DIR });
    const key = keyOf(first);
    const authorization = `Bearer ${key}`;
    expect((await fetch(`${first.url}/stock/AMZN`, { method: 'DELETE', headers: { authorization } })).status).toBe(204);
    expect((await voteFor(first)).status).toBe(201);
    await first.stop();

    const second = await ServerProcess.start({ DATA_DIR });
    expect(keyOf(second)).toBe(key);
    expect((await fetch(`${second.url}/stock/AMZN`, { headers: { authorization } })).status).toBe(404);
    expect(await totalOf(second)).toBe(1);
    await second.stop();
  });

  it('is alone on its folder: a second one ends with 78 and names it', async () => {
    const first = await ServerProcess.start({ DATA_DIR });
    const second = await ServerProcess.spawn({ DATA_DIR });
    expect((await second.exit).code).toBe(78);
    expect(second.logs.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^DATA_DIR .+ is held by process \d+ on \S+: stop that process, or set another folder$/),
    ]);
    expect((await voteFor(first)).status).toBe(201);
    await first.stop();
  });

  it('goes on with its time after a start at which the clock is an hour behind', async () => {
    const settings = { DATA_DIR, API_KEYS: `test=${KEY}` };
    const claim = async (server: ServerProcess): Promise<unknown[]> => {
      const answer = await fetch(`${server.url}/queues/q/claims`, {
        method: 'POST',
        headers: { ...json, authorization: `Bearer ${KEY}` },
        body: '{"leaseSeconds":600}',
      });
      return ((await answer.json()) as { tasks: unknown[] }).tasks;
    };
    const first = await ServerProcess.start(settings);
    for (const payload of [1, 2])
      await fetch(`${first.url}/queues/q/tasks`, {
        method: 'POST',
        headers: { ...json, authorization: `Bearer ${KEY}` },
        body: JSON.stringify({ payload }),
      });
    expect(await claim(first)).toHaveLength(1);
    await first.stop();

    const behind = 'const { now } = Date; Date.now = () => now() - 3_600_000;';
    const second = await ServerProcess.start(settings, { preload: behind });
    expect(await claim(second)).toHaveLength(1);
    expect(await claim(second)).toEqual([]);
    await second.stop();
  });

  it('answers nothing before its sync', async () => {
    const SYNC_MS = 300;
    const slower = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const { fdatasync } = fs;
      fs.fdatasync = (fd, done) => setTimeout(() => fdatasync(fd, done), ${SYNC_MS});
      syncBuiltinESMExports();`;
    const server = await ServerProcess.start({ DATA_DIR, API_KEYS: `test=${KEY}` }, { preload: slower });
    const send = async (method: string, path: string, body: object, more: Record<string, string> = {}) => {
      const begin = performance.now();
      const headers = { ...json, authorization: `Bearer ${KEY}`, ...more };
      const answer = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) });
      expect([path, answer.ok, performance.now() - begin > SYNC_MS - 50]).toEqual([path, true, true]);
    };
    await send('POST', '/polls', { pollId: 'lunch', question: 'Lunch?', choices: ['SOUP', 'SALAD'] });
    const copy = () => send('POST', '/polls/lunch/votes', { choice: 'SOUP' }, { 'idempotency-key': 'one' });
    await Promise.all([copy(), copy()]);
    await send('PUT', '/stock/ACME', { value: '1.00', currency: 'EUR' });
    await send('POST', '/queues/q/tasks', { payload: 1 });
    await send('POST', '/queues/q/claims', { leaseSeconds: 60 });
    await server.stop();
  });

  it('is backed up while it runs, and restored into another folder', async () => {
    const file = join(folder, 'backup.db');
    const other = join(folder, 'other');
    const first = await ServerProcess.start({ DATA_DIR });
    for (let count = 0; count < 5; count++) await voteFor(first);
    const backup = await ServerProcess.spawn({ DATA_DIR }, { command: [process.execPath, 'dist/backup.js', file] });
    expect(await backup.exit).toEqual({ code: 0, signal: null });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await voteFor(first);
    await first.stop();

    const restore = (from: string, to: string) =>
      ServerProcess.spawn({ DATA_DIR: to }, { command: [process.execPath, 'dist/restore.js', from] });
    expect((await (await restore(file, other)).exit).code).toBe(0);
    const second = await ServerProcess.start({ DATA_DIR: other });
    expect(await totalOf(second)).toBe(5);
    await second.stop();

    const again = await restore(file, other);
    expect((await again.exit).code).toBe(1);
    expect(again.logs.at(-1)?.msg).toMatch(/holds data, and nothing is overwritten/);
    expect(await readdir(other)).not.toContain('portside.db.restoring');
  });

  it('writes nothing outside of its folder', async () => {
    if (!isRoot('the read-only root')) return;
    await run('mkdir', [DATA_DIR]);
    const script = 'mount -t tmpfs tmpfs "$DATA_DIR" && mount -o remount,ro,bind / && exec node dist/server.js';
    const server = await ServerProcess.start({ DATA_DIR }, { command: ['unshare', '--mount', 'sh', '-c', script] });
    expect((await voteFor(server)).status).toBe(201);
    await server.stop();
  });

  it('on a full disk refuses changes, answers reads, also after a start, and goes on when there is room', async () => {
    if (!isRoot('the full disk')) return;
    await run('mkdir', [DATA_DIR]);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', DATA_DIR]);
    try {
      const settings = { DATA_DIR, API_KEYS: `test=${KEY}` };
      let server = await ServerProcess.start(settings);
      const enqueue = (payload: string) =>
        fetch(`${server.url}/queues/q/tasks`, {
          method: 'POST',
          headers: { ...json, authorization: `Bearer ${KEY}` },
          body: JSON.stringify({ payload }),
        });
      const ids: string[] = [];
      for (let refused = 0; refused < 30; ) {
        const answer = await enqueue('x'.repeat(30_000));
        if (answer.status === 201) ids.push(((await answer.json()) as { taskId: string }).taskId);
        else {
          refused++;
          expect(answer.status).toBe(503);
          expect(await answer.json()).toMatchObject({ code: 'STORE_UNAVAILABLE' });
        }
      }
      expect(ids.length).toBeGreaterThan(50);
      const failures = server.logs.filter(({ level }) => level >= 50);
      expect(failures.length).toBeGreaterThan(0);
      expect(failures.length).toBeLessThan(20);

      const allAreThere = async () => {
        for (const taskId of ids)
          expect(
            (await fetch(`${server.url}/tasks/${taskId}`, { headers: { authorization: `Bearer ${KEY}` } })).status,
          ).toBe(200);
        expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({
          status: 'degraded',
          checks: { store: 'full' },
        });
      };
      await allAreThere();
      server.kill('SIGKILL');
      await server.exit;
      server = await ServerProcess.start(settings);
      await allAreThere();
      await server.stop();
      server = await ServerProcess.start(settings);
      await allAreThere();

      await run('mount', ['-o', 'remount,size=64m', DATA_DIR]);
      await eventually(
        async () => (await enqueue('small')).status,
        (status) => status === 201,
      );
      const ready = (await (await fetch(`${server.url}/readyz`)).json()) as { lastSyncMs: number };
      expect(ready).toMatchObject({ status: 'ok', checks: { store: 'ok' } });
      expect(ready.lastSyncMs).toBeGreaterThanOrEqual(0);
      await server.stop();
    } finally {
      await run('umount', ['-l', DATA_DIR]);
    }
  }, 120_000);
});
