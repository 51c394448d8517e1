import { describe, expect, it } from '@jest/globals';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { setAtSignal } from '../helpers/wall-clock.ts';

const HOUR = 3_600_000;

interface Task {
  readonly taskId: string;
  readonly status: string;
}

describe.each([-HOUR, HOUR])('tasks in memory, when the wall clock is set by %i ms', (stepMs) => {
  it('stay leased, delayed and waiting for as long as was said, and no longer', async () => {
    const server = await ServerProcess.start(
      { API_KEYS: `test=${KEY}`, SWEEP_SECONDS: '1' },
      { preload: setAtSignal(stepMs) },
    );
    const send = async <Body>(method: string, path: string, body?: object): Promise<Body> => {
      const headers = { ...authorization, ...(body ? { 'content-type': 'application/json' } : {}) };
      const answer = await fetch(server.url + path, { method, headers, body: body && JSON.stringify(body) });
      expect(answer.ok).toBe(true);
      return (await answer.json()) as Body;
    };
    const enqueue = (queue: string, fields: object = {}) =>
      send<Task>('POST', `/queues/${queue}/tasks`, { payload: 1, ...fields });
    const claim = async (queue: string, fields: object = {}) =>
      (await send<{ tasks: readonly Task[] }>('POST', `/queues/${queue}/claims`, fields)).tasks;
    const statusOf = async ({ taskId }: Task) => (await send<Task>('GET', `/tasks/${taskId}`)).status;

    for (const queue of ['leased', 'leased-shortly']) await enqueue(queue);
    expect(await claim('leased', { leaseSeconds: 600 })).toHaveLength(1);
    expect(await claim('leased-shortly', { leaseSeconds: 2 })).toHaveLength(1);
    await enqueue('delayed', { delaySeconds: 600 });
    await enqueue('delayed-shortly', { delaySeconds: 2 });
    const waiting = await enqueue('waiting', { expiresInSeconds: 600 });
    const waitingShortly = await enqueue('waiting-shortly', { expiresInSeconds: 2 });
    server.kill('SIGCONT');
    await eventually(
      () => server.logs.some(({ msg }) => msg === 'set'),
      (isSet) => isSet,
    );

    for (const queue of ['leased-shortly', 'delayed-shortly'])
      await eventually(
        () => claim(queue),
        (tasks) => tasks.length === 1,
      );
    await eventually(
      () => statusOf(waitingShortly),
      (status) => status === 'SHED',
    );
    expect(await claim('leased')).toEqual([]);
    expect(await claim('delayed')).toEqual([]);
    expect(await statusOf(waiting)).toBe('PENDING');
    await server.stop();
  }, 90_000);
});
