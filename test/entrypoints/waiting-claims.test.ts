import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryTaskNotifier } from '../../src/adapters/memory/task-notifier.ts';
import { MemoryTaskStore } from '../../src/adapters/memory/task-store.ts';
import { ports } from '../../src/entrypoints/composition/tasks/tokens.ts';
import { WaitingClaims } from '../../src/entrypoints/http/tasks/waiting-claims.ts';
import type { TaskStore } from '../../src/ports/tasks.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { overriding } from '../helpers/overriding.ts';
import { aTask } from '../helpers/tasks.ts';

describe('a claim that waits', () => {
  let service: EmbeddedApp;
  /** Claims that the service has neither answered nor seen cut off. */
  let openClaims: number;
  afterEach(() => service.close());

  /** @param overrides methods of the task store to replace; they are given the real one */
  async function listen(overrides: (store: TaskStore) => Partial<TaskStore> = () => ({})): Promise<void> {
    const store = new MemoryTaskStore(Number.MAX_SAFE_INTEGER);
    const replaced = overriding<TaskStore>(store, overrides(store));
    service = await embeddedApp(
      {},
      { prepare: (container) => container.rebind(ports.tasks).toConstantValue(replaced) },
    );
    await service.app.listen({ port: 0, host: '127.0.0.1' });
    openClaims = 0;
    service.app.server.on('request', ({ url = '' }, response) => {
      if (!url.endsWith('/claims')) return;
      openClaims++;
      response.once('close', () => openClaims--);
    });
  }

  let looks: number;
  const countingLooks = (store: TaskStore): Partial<TaskStore> => {
    looks = 0;
    return {
      listClaimable: (...look) => {
        looks++;
        return store.listClaimable(...look);
      },
    };
  };

  const url = (path: string): string => `http://127.0.0.1:${(service.app.server.address() as AddressInfo).port}${path}`;
  const headers = { ...authorization, 'content-type': 'application/json' };

  async function post(path: string, body: object) {
    const answer = await fetch(url(path), { method: 'POST', headers, body: JSON.stringify(body) });
    return answer.json() as Promise<{ taskId: string; tasks: { taskId: string; attempt: number; fence: string }[] }>;
  }
  const enqueue = async (): Promise<string> => (await post('/queues/q/tasks', { payload: 1 })).taskId;
  const statusOf = async (taskId: string) => {
    const answer = await fetch(url(`/tasks/${taskId}`), { headers });
    return answer.json() as Promise<{ status: string; attempt: number }>;
  };

  /** A claim whose client can be cut off. */
  function claimByHand(waitSeconds: number): http.ClientRequest {
    const request = http.request(url('/queues/q/claims'), { method: 'POST', headers, agent: false });
    request.on('error', () => undefined);
    request.end(JSON.stringify({ waitSeconds }));
    return request;
  }

  it('is answered when a task comes', async () => {
    await listen();
    const begin = performance.now();
    const claiming = post('/queues/q/claims', { waitSeconds: 20, max: 10 });
    const taskId = await enqueue();

    expect((await claiming).tasks).toMatchObject([{ taskId, attempt: 1 }]);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('is answered when a delay is over, a lease runs out, or a task is given back', async () => {
    await listen();
    await post('/queues/q/tasks', { payload: 1, delaySeconds: 5 });
    const delayed = post('/queues/q/claims', { waitSeconds: 20, leaseSeconds: 5 });
    service.clock.advance(5_000);
    const first = (await delayed).tasks[0];
    expect(first).toMatchObject({ attempt: 1 });

    const taking = post('/queues/q/claims', { waitSeconds: 20 });
    service.clock.advance(5_000);
    const second = (await taking).tasks[0];
    expect(second).toMatchObject({ taskId: first?.taskId, attempt: 2 });

    const third = post('/queues/q/claims', { waitSeconds: 20 });
    await post(`/tasks/${second?.taskId}/release`, { fence: second?.fence });
    expect((await third).tasks[0]).toMatchObject({ taskId: first?.taskId, attempt: 2 });
  });

  it('is answered with nothing when its wait is over', async () => {
    await listen();
    const begin = performance.now();
    expect(await post('/queues/q/claims', { waitSeconds: 1 })).toEqual({ tasks: [] });
    expect(performance.now() - begin).toBeGreaterThanOrEqual(990);
  });

  it('shares its looks at the queue with all others, and no two get the same task', async () => {
    await listen(countingLooks);
    const claims = Array.from({ length: 60 }, () => post('/queues/q/claims', { waitSeconds: 20 }));
    await eventually(
      () => looks,
      (count) => count >= 3,
    );
    expect(looks).toBeLessThan(60);
    const ids = [];
    for (let count = 0; count < 60; count++) ids.push(await enqueue());

    const answers = await Promise.all(claims);
    expect(answers.flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId)).sort()).toEqual(ids.sort());
  });

  it('takes nothing for a client that left while it waited', async () => {
    await listen(countingLooks);
    const request = claimByHand(20);
    await eventually(
      () => looks,
      (count) => count > 0,
    );
    request.destroy();
    await eventually(
      () => openClaims,
      (count) => count === 0,
    );
    const taskId = await enqueue();

    expect(await statusOf(taskId)).toMatchObject({ status: 'PENDING', attempt: 0 });
    expect((await post('/queues/q/claims', {})).tasks).toMatchObject([{ taskId, attempt: 1 }]);
  });

  it('gives back what was claimed for a client that left in that moment', async () => {
    let reached = (): void => undefined;
    let goOn = (): void => undefined;
    const claimed = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    await listen((store) => ({
      claim: async (...claim) => {
        const outcome = await store.claim(...claim);
        reached();
        await gate;
        return outcome;
      },
    }));
    const taskId = await enqueue();
    const request = claimByHand(0);
    await claimed;
    expect(await statusOf(taskId)).toMatchObject({ status: 'TAKEN', attempt: 1 });
    request.destroy();
    await eventually(
      () => openClaims,
      (count) => count === 0,
    );
    goOn();

    await eventually(
      () => statusOf(taskId),
      ({ status, attempt }) => status === 'PENDING' && attempt === 0,
    );
  });

  it('ends with nothing when the service ends', async () => {
    await listen(countingLooks);
    const begin = performance.now();
    const claiming = post('/queues/q/claims', { waitSeconds: 20 });
    await eventually(
      () => looks,
      (count) => count > 0,
    );
    await service.app.close();

    expect(await claiming).toEqual({ tasks: [] });
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});

describe('waiting claims', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('look at once when a wake-up comes, without waiting for their own time', async () => {
    jest.useFakeTimers();
    const notifier = new MemoryTaskNotifier();
    const tasks: ReturnType<typeof aTask>[] = [];
    const claims = new WaitingClaims(
      { execute: async (_, requests) => requests.map(() => tasks.splice(0, 1)) },
      notifier,
    );
    const claiming = claims.claim('q', { max: 1 }, 20_000, new AbortController().signal);
    const task = aTask();
    tasks.push(task);
    await notifier.notify(['another']);
    await notifier.notify(['q']);

    expect(await claiming).toEqual([task]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
