import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { PROJECT, readFromProject } from '../helpers/project.ts';
import { ServerProcess } from '../helpers/server-process.ts';

const PAGE = readFromProject('docs/how-to/work-on-tasks.md');
const WORK_MS = 20_000;

const workers = [
  { language: 'python', file: 'worker.py', command: ['python3'], needs: ['python3'] },
  { language: 'bash', file: 'worker.sh', command: ['bash'], needs: ['bash', 'curl', 'jq'] },
  { language: 'ts', file: 'worker.ts', command: [join(PROJECT, 'node_modules/.bin/tsx')], needs: [] },
];

describe('the workers that the page shows', () => {
  let folder: string;
  let server: ServerProcess;
  const running: ChildProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portside-workers-'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    server = await ServerProcess.start({ API_KEYS: `test=${KEY}` });
  });
  afterAll(async () => {
    for (const worker of running) worker.kill('SIGKILL');
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const request = async (method: string, path: string, body?: object) => {
    const headers = { ...authorization, 'content-type': 'application/json' };
    return (await fetch(server.url + path, { method, headers, body: body && JSON.stringify(body) })).json();
  };
  const enqueue = async (queue: string, payload: unknown): Promise<string> =>
    ((await request('POST', `/queues/${queue}/tasks`, { payload })) as { taskId: string }).taskId;
  const read = (taskId: string) =>
    request('GET', `/tasks/${taskId}`) as Promise<{ status: string; result?: unknown; worker?: string }>;

  for (const { language, file, command, needs } of workers) {
    const missing = needs.filter((program) => spawnSync(program, ['--version']).error);
    const test = missing.length > 0 && !process.env.CI ? it.skip : it;
    const because = missing.length > 0 ? ` (there is no ${missing.join(', ')})` : '';
    test(`${language}: does tasks, and loses none when it has to stop${because}`, async () => {
      const source = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(PAGE)?.[1] ?? '';
      await writeFile(join(folder, file), source);
      const payloads = [{ to: 'ü "quoted" $HOME' }, [1, 2], 'text', null, 7.5];
      const tasks = await Promise.all(payloads.map((payload) => enqueue(language, payload)));

      const [program = '', ...options] = command;
      const worker = spawn(program, [...options, file, language], {
        cwd: folder,
        env: { ...process.env, PORTSIDE_URL: server.url, PORTSIDE_KEY: KEY },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      running.push(worker);
      let errors = '';
      worker.stderr?.on('data', (text) => {
        errors += text;
      });
      const done = await eventually(
        () => Promise.all(tasks.map(read)),
        (all) => all.every(({ status }) => status === 'SUCCESS'),
        WORK_MS,
      ).catch((error) => {
        throw new Error(`${error.message}\n${errors}`);
      });
      for (const { result, worker: name } of done) {
        expect(result).toHaveProperty('printed');
        expect(name).toMatch(/^(python|bash|node)-\d+$/);
      }

      worker.kill('SIGTERM');
      const exit = once(worker, 'exit');
      // It may be waiting for a task, as long as it had asked for.
      const late = await Promise.all(Array.from({ length: 5 }, () => enqueue(language, 'late')));
      await exit;
      // What the worker has started may hold on to it for a while.
      worker.stderr?.destroy();
      for (const { status } of await Promise.all(late.map(read))) expect(['SUCCESS', 'PENDING']).toContain(status);
    }, 60_000);
  }
});
