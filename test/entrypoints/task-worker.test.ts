import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryActiveQueues } from '../../src/adapters/memory/active-queues.ts';
import { MemoryQueueStore } from '../../src/adapters/memory/queue-store.ts';
import { MemoryTaskStore } from '../../src/adapters/memory/task-store.ts';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { queueSettings } from '../../src/domain/tasks/queue.ts';
import { system } from '../../src/entrypoints/composition/compose.ts';
import { ports } from '../../src/entrypoints/composition/tasks/tokens.ts';
import type { ActiveQueues, QueueStore, TaskStore } from '../../src/ports/tasks.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { type HttpService, httpService, type ReceivedCall } from '../helpers/http-service.ts';
import { overriding } from '../helpers/overriding.ts';
import { putQueue } from '../helpers/queues.ts';

type Answer = (call: ReceivedCall, response: ServerResponse) => void;

describe('the built-in worker', () => {
  let service: EmbeddedApp;
  let downstream: HttpService;
  let isClosed: boolean;
  let lines: string[];
  let figures: unknown[];
  /** One a second. */
  let listsOfMarks: number;
  afterEach(async () => {
    await close();
    await downstream.close();
  });

  async function begin(
    answer: Answer,
    overrides: (store: TaskStore) => Partial<TaskStore> = () => ({}),
    overridesOfQueues: (store: QueueStore) => Partial<QueueStore> = () => ({}),
    settings: Readonly<Record<string, string>> = {},
  ) {
    [lines, figures] = [[], []];
    listsOfMarks = 0;
    downstream = await httpService(answer);
    const store = new MemoryTaskStore(Number.MAX_SAFE_INTEGER);
    const queues = new MemoryQueueStore();
    const active = new MemoryActiveQueues(queues);
    const list = () => {
      listsOfMarks++;
      return active.list();
    };
    service = await embeddedApp(settings, {
      log: { write: (line) => void lines.push(line) },
      prepare: (container) => {
        container.rebind(system.meter).toConstantValue({ record: (...figure) => void figures.push(figure) });
        container.rebind(ports.tasks).toConstantValue(overriding<TaskStore>(store, overrides(store)));
        container.rebind(ports.queues).toConstantValue(overriding<QueueStore>(queues, overridesOfQueues(queues)));
        container.rebind(ports.active).toConstantValue(overriding<ActiveQueues>(active, { list }));
      },
    });
    isClosed = false;
  }

  async function close(): Promise<void> {
    if (!isClosed) await service.close();
    isClosed = true;
  }

  const request = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) =>
    (await service.app.inject({ method, url, payload, headers: authorization })).json();
  const configure = (runner: object = {}, settings: object = {}) =>
    request('PUT', '/queues/q', { ...settings, runner: { url: downstream.url, ...runner } });
  const enqueue = async (task: object = {}): Promise<string> =>
    (await request('POST', '/queues/q/tasks', { payload: null, ...task })).taskId;
  const taskOf = (taskId: string) => request('GET', `/tasks/${taskId}`);
  const queue = () => request('GET', '/queues/q');
  const untilStatus = (taskId: string, status: string) =>
    eventually(
      () => taskOf(taskId),
      (task) => task.status === status,
      10_000,
    );
  const untilCalls = (count: number) =>
    eventually(
      () => downstream.calls.length,
      (calls) => calls >= count,
      10_000,
    );
  const seconds = (count: number) => {
    const before = listsOfMarks;
    return eventually(
      () => listsOfMarks,
      (lists) => lists > before + count,
    );
  };
  const idsOf = (calls: readonly ReceivedCall[]): string[] => calls.map(({ body }) => JSON.parse(body).taskId);

  it('measures how many of its calls are under way, by which workers are scaled', async () => {
    const held: ServerResponse[] = [];
    await begin((_, response) => void held.push(response), undefined, undefined, { SWEEP_SECONDS: '1' });
    const busy = (percent: number) =>
      eventually(
        () => figures.filter((figure) => Array.isArray(figure) && figure[0] === 'BusyRunnerSlots').at(-1),
        (figure) => JSON.stringify(figure) === `["BusyRunnerSlots",${percent},"Count"]`,
        10_000,
      );
    await busy(0);
    await configure({ concurrency: 4 });
    for (const payload of [1, 2, 3]) await enqueue({ payload });
    await busy(75);
    for (const response of held) response.end();
    await busy(0);
  });

  it('has tasks done by the service and keeps its answers', async () => {
    await begin((call, response) => response.end(JSON.stringify({ echo: JSON.parse(call.body).payload })));
    await configure();
    const taskId = await enqueue({ payload: { n: 1 } });

    expect(await untilStatus(taskId, 'SUCCESS')).toMatchObject({ attempt: 1, result: { echo: { n: 1 } } });
    expect(downstream.calls).toMatchObject([{ headers: { 'idempotency-key': taskId, 'portside-attempt': '1' } }]);
  });

  it('begins with what waits when a queue gets its runner, newest first', async () => {
    await begin((_, response) => response.end());
    const ids = [await enqueue(), await enqueue(), await enqueue()];
    await configure({ concurrency: 1 });

    for (const taskId of ids) await untilStatus(taskId, 'SUCCESS');
    expect(idsOf(downstream.calls)).toEqual(ids.reverse());
  });

  it('leaves queues without a runner alone, also when a runner is taken away', async () => {
    await begin((_, response) => response.end());
    await configure();
    await untilStatus(await enqueue(), 'SUCCESS');
    await request('PUT', '/queues/q', {});
    const [here, elsewhere] = [await enqueue(), (await request('POST', '/queues/r/tasks', { payload: 1 })).taskId];
    await configure();

    await untilStatus(here, 'SUCCESS');
    expect((await taskOf(elsewhere)).status).toBe('PENDING');
    expect(downstream.calls).toHaveLength(2);
  });

  it('tries again what may pass and gives up on the rest', async () => {
    const answers: Record<string, (response: ServerResponse, attempt: number) => void> = {
      flaky: (response, attempt) => response.writeHead(attempt < 3 ? 503 : 200).end(),
      wrong: (response) => response.writeHead(422).end('no such address'),
      large: (response) => response.end('x'.repeat(33 * 1024)),
      broken: (response) => response.writeHead(500).end(),
    };
    await begin(({ body }, response) => {
      const { payload, attempt } = JSON.parse(body);
      answers[payload]?.(response, attempt);
    });
    await configure();
    const [flaky, wrong, large, broken] = [
      await enqueue({ payload: 'flaky' }),
      await enqueue({ payload: 'wrong' }),
      await enqueue({ payload: 'large' }),
      await enqueue({ payload: 'broken', maxAttempts: 2 }),
    ];

    expect(await untilStatus(wrong, 'FAILURE')).toMatchObject({ attempt: 1, error: expect.stringContaining('422') });
    const done = await untilStatus(large, 'SUCCESS');
    expect(done).toMatchObject({ history: [{ outcome: 'succeeded', error: expect.stringContaining('32768 bytes') }] });
    expect(done).not.toHaveProperty('result');
    await eventually(
      async () => {
        service.clock.advance(1_000);
        return taskOf(flaky);
      },
      ({ status }) => status === 'SUCCESS',
      20_000,
    );
    expect(await taskOf(flaky)).toMatchObject({ attempt: 3 });
    expect(await untilStatus(broken, 'FAILURE')).toMatchObject({ attempt: 2, error: expect.stringContaining('500') });
  });

  it('waits as long as Retry-After says, and gives up when that is past the deadline', async () => {
    await begin((_, response) => response.writeHead(429, { 'retry-after': '90' }).end());
    await configure();
    const begun = service.clock.now();
    const waiting = await enqueue();
    const late = await enqueue({ expiresInSeconds: 90 });

    const task = await eventually(
      () => taskOf(waiting),
      ({ status, attempt }) => status === 'PENDING' && attempt === 1,
    );
    // With a spread, since many are told the same.
    expect(Date.parse(task.notBefore)).toBeGreaterThanOrEqual(begun + 90_000);
    expect(Date.parse(task.notBefore)).toBeLessThanOrEqual(begun + 112_500);
    expect(await untilStatus(late, 'FAILURE')).toMatchObject({ attempt: 1 });
  });

  describe('before a service that answers 503', () => {
    let retryAfter: string | undefined;
    let isBack: boolean;
    beforeEach(async () => {
      [retryAfter, isBack] = [undefined, false];
      await begin((_, response) => {
        response.writeHead(isBack ? 200 : 503, retryAfter ? { 'retry-after': retryAfter } : {}).end();
      });
    });
    const untilBreaker = (state: string) => eventually(queue, ({ breaker }) => breaker === state);
    /** Lets time go by until something holds. */
    const passUntil = <T>(ask: () => Promise<T> | T, holds: (answer: T) => boolean) =>
      eventually(
        async () => {
          service.clock.advance(250);
          await service.container.get(ports.notifier).notify(['q']);
          return ask();
        },
        holds,
        10_000,
      );

    it('leaves the queue after five of them, probes, and goes on when it is back', async () => {
      await configure({ concurrency: 1 });
      const ids = [];
      for (let count = 0; count < 20; count++) ids.push(await enqueue());
      await untilBreaker('open');
      expect(downstream.calls).toHaveLength(5);
      expect(await queue()).toMatchObject({ taken: 0, pending: 20 });

      await passUntil(
        () => downstream.calls.length,
        (calls) => calls === 7,
      );
      expect(await queue()).toMatchObject({ breaker: 'open', deadLetters: 0 });
      isBack = true;
      await passUntil(queue, ({ counters }) => counters.succeeded === 20);
      expect(await queue()).toMatchObject({ breaker: 'closed', pending: 0 });
      const attempts = await Promise.all(ids.map(async (taskId) => (await taskOf(taskId)).attempt));
      expect(attempts.reduce((sum, attempt) => sum + attempt)).toBe(downstream.calls.length);
    });

    it('probes no sooner than it asks for', async () => {
      await configure({ concurrency: 1 });
      for (let count = 0; count < 10; count++) await enqueue();
      await untilBreaker('open');
      retryAfter = '20';
      await passUntil(
        () => downstream.calls.length,
        (calls) => calls === 6,
      );
      const [probedAt, calls] = [service.clock.now(), downstream.calls.length];
      await passUntil(
        () => service.clock.now(),
        (now) => now >= probedAt + 19_000,
      );
      expect(downstream.calls).toHaveLength(calls);
      await passUntil(
        () => downstream.calls.length,
        (count) => count > calls,
      );
    });

    it('tries again at once when the queue gets other settings', async () => {
      await configure({ concurrency: 1 });
      for (let count = 0; count < 10; count++) await enqueue();
      await untilBreaker('open');
      isBack = true;
      await configure({ concurrency: 2 });
      await eventually(queue, ({ counters }) => counters.succeeded >= 5);
      expect(await queue()).toMatchObject({ breaker: 'closed' });
    });

    it('leaves the queue to workers outside', async () => {
      await configure({ concurrency: 1 });
      for (let count = 0; count < 10; count++) await enqueue();
      await untilBreaker('open');
      const { tasks } = await request('POST', '/queues/q/claims', { max: 3 });
      expect(tasks).toHaveLength(3);
    });
  });

  it('loses no attempt while nothing listens where the service was, and goes on when it is back', async () => {
    await begin((_, response) => response.end());
    const { port } = new URL(downstream.url);
    await configure({ concurrency: 3 });
    await downstream.close();
    const ids = [];
    for (let count = 0; count < 50; count++) ids.push(await enqueue({ maxAttempts: 1 }));
    await eventually(queue, ({ breaker, taken }) => breaker === 'open' && taken === 0);
    expect(await queue()).toMatchObject({ pending: 50, deadLetters: 0 });

    downstream = await httpService((_, response) => response.end(), Number(port));
    const done = await eventually(
      async () => {
        service.clock.advance(1_000);
        return queue();
      },
      ({ counters }) => counters.succeeded === 50,
      10_000,
    );
    expect(done).toMatchObject({ breaker: 'closed', pending: 0 });
    for (const taskId of ids) expect(await taskOf(taskId)).toMatchObject({ status: 'SUCCESS', attempt: 1 });
    expect(downstream.calls).toHaveLength(50);
  });

  it('reads no more than its settings of a queue that is paused, and goes on when it is not any more', async () => {
    let [looks, reads] = [0, 0];
    await begin(
      (_, response) => response.end(),
      (store) => ({
        listClaimable: async (...look) => {
          looks++;
          return store.listClaimable(...look);
        },
      }),
      (queues) => ({
        get: async (queue) => {
          reads++;
          return queues.get(queue);
        },
      }),
    );
    await configure();
    await untilStatus(await enqueue(), 'SUCCESS');
    await request('POST', '/queues/q/pause');
    const waiting = await enqueue();
    const [looksBefore, readsBefore] = [looks, reads];
    for (let round = 0; round < 20; round++) {
      const before = reads;
      await service.container.get(ports.notifier).notify(['q']);
      await eventually(
        () => reads,
        (count) => count > before,
      );
    }
    // A look that was under way when it was paused.
    expect(looks - looksBefore).toBeLessThanOrEqual(1);
    expect(reads - readsBefore).toBeLessThan(30);
    expect(await taskOf(waiting)).toMatchObject({ status: 'PENDING', attempt: 0 });

    await request('POST', '/queues/q/resume');
    await untilStatus(waiting, 'SUCCESS');
  });

  it('claims no more than it has slots for', async () => {
    const held: ServerResponse[] = [];
    await begin((_, response) => held.push(response));
    await configure({ concurrency: 3 });
    for (let count = 0; count < 10; count++) await enqueue();

    await untilCalls(3);
    expect(await queue()).toMatchObject({ taken: 3, pending: 7 });
    held.shift()?.end();
    await untilCalls(4);
    expect(await queue()).toMatchObject({ taken: 3, pending: 6 });
    for (let calls = 4; calls < 10; calls++) {
      held.shift()?.end();
      await untilCalls(calls + 1);
    }
    for (const response of held) response.end();
    await eventually(queue, ({ counters }) => counters.succeeded === 10);
  });

  it('claims no more than its rate allows', async () => {
    const times: number[] = [];
    await begin((_, response) => {
      times.push(performance.now());
      response.end();
    });
    for (let count = 0; count < 12; count++) await enqueue();
    await configure({ concurrency: 10, ratePerSecond: 8 });

    await untilCalls(4);
    const { taken } = await queue();
    expect(taken).toBeLessThanOrEqual(1);
    await untilCalls(12);
    expect((times.at(-1) as number) - (times[0] as number)).toBeGreaterThan(1_300);
  });

  it('keeps a task by heartbeats while its call runs', async () => {
    const held: ServerResponse[] = [];
    await begin((_, response) => held.push(response));
    await configure({ timeoutMs: 60_000 }, { leaseSeconds: 1 });
    const taskId = await enqueue();
    await untilCalls(1);

    for (let seconds = 0; seconds < 5; seconds++) {
      service.clock.advance(999);
      const expected = service.clock.now() + 1_000;
      await eventually(
        () => taskOf(taskId),
        ({ leaseUntil }) => Date.parse(leaseUntil) === expected,
      );
    }
    expect(await request('POST', '/queues/q/claims', {})).toEqual({ tasks: [] });
    held[0]?.end('"done"');
    expect(await untilStatus(taskId, 'SUCCESS')).toMatchObject({ attempt: 1, result: 'done' });
  });

  it('keeps a task for the lease with which it was claimed, whatever the queue says meanwhile', async () => {
    const held: ServerResponse[] = [];
    await begin((_, response) => held.push(response));
    await configure({ timeoutMs: 60_000 }, { leaseSeconds: 3 });
    const taskId = await enqueue();
    await untilCalls(1);
    await configure({ timeoutMs: 60_000 }, { leaseSeconds: 1 });

    service.clock.advance(1);
    const expected = service.clock.now() + 3_000;
    await eventually(
      () => taskOf(taskId),
      ({ leaseUntil }) => Date.parse(leaseUntil) === expected,
    );
    held[0]?.end();
    await untilStatus(taskId, 'SUCCESS');
  });

  it('looks at a queue no more that has lost its runner, and again once it has one', async () => {
    let looks = 0;
    await begin(
      (_, response) => response.end(),
      () => ({}),
      (queues) => ({
        get: (queue) => {
          if (queue === 'q') looks++;
          return queues.get(queue);
        },
      }),
    );
    await configure();
    await untilStatus(await enqueue(), 'SUCCESS');
    await request('PUT', '/queues/q', {});
    const waiting = await enqueue();
    const looksBefore = looks;
    // Some four looks at a queue with a waiting task, if it had a runner.
    await seconds(4);
    expect(looks - looksBefore).toBeLessThan(3);
    await configure();
    await untilStatus(waiting, 'SUCCESS');
  });

  it('is back on time when a delay or the lease of another holder is over, and looks at an empty queue no more', async () => {
    let looks = 0;
    await begin(
      (_, response) => response.end(),
      (tasks) => ({
        listClaimable: (...search) => {
          looks++;
          return tasks.listClaimable(...search);
        },
      }),
    );
    await request('PUT', '/queues/q', {});
    const held = await enqueue();
    await request('POST', '/queues/q/claims', { max: 1, leaseSeconds: 3 });
    await configure();
    const delayed = await enqueue({ delaySeconds: 2 });
    await seconds(1);
    service.clock.advance(2_000);
    expect(await untilStatus(delayed, 'SUCCESS')).toMatchObject({ attempt: 1 });
    service.clock.advance(1_000);
    expect(await untilStatus(held, 'SUCCESS')).toMatchObject({ attempt: 2 });
    await seconds(2);
    const looksBefore = looks;
    await seconds(3);
    expect(looks).toBe(looksBefore);
  });

  it('takes up new settings soon, however long it has to wait for its rate', async () => {
    await begin((_, response) => response.end());
    const queues = service.container.get(ports.queues);
    await configure({ ratePerSecond: 0.01 });
    await untilStatus(await enqueue(), 'SUCCESS');
    const waiting = await enqueue();
    // As another process would, which wakes nobody here.
    await putQueue(queues, queueSettings('q', { runner: { url: downstream.url } }));

    expect(await untilStatus(waiting, 'SUCCESS')).toMatchObject({ attempt: 1 });
  });

  it('ends the call of a task that somebody else has taken over, and stores nothing of it', async () => {
    let isCut = false;
    await begin((_, response) =>
      response.on('close', () => {
        isCut = true;
      }),
    );
    await configure({ timeoutMs: 60_000 }, { leaseSeconds: 1 });
    const taskId = await enqueue();
    await untilCalls(1);
    await request('PUT', '/queues/q', {});
    service.clock.advance(1_000);
    const { tasks } = await request('POST', '/queues/q/claims', { leaseSeconds: 60 });
    expect(tasks).toMatchObject([{ taskId, attempt: 2 }]);

    await eventually(
      () => isCut,
      (cut) => cut,
    );
    expect(await taskOf(taskId)).toMatchObject({ status: 'TAKEN', attempt: 2 });
    expect(await request('POST', `/tasks/${taskId}/complete`, { fence: tasks[0].fence })).toMatchObject({
      status: 'SUCCESS',
    });
  });

  it('lets calls end when it stops, and claims nothing more', async () => {
    const held: ServerResponse[] = [];
    await begin((_, response) => held.push(response));
    await configure({ concurrency: 2 });
    const ids = [await enqueue(), await enqueue(), await enqueue()];
    await untilCalls(2);
    const store = service.container.get(ports.tasks);
    const closing = close();
    setTimeout(() => {
      for (const response of held) response.end();
    }, 200);
    await closing;

    const called = idsOf(downstream.calls);
    expect(called).toHaveLength(2);
    for (const taskId of ids)
      expect((await store.get(taskId))?.status).toBe(called.includes(taskId) ? 'SUCCESS' : 'PENDING');
  });

  it('gives tasks back, with their attempts, when their calls do not end in time, and says so', async () => {
    await begin(() => undefined);
    await configure({ timeoutMs: 60_000 });
    const ids = [await enqueue(), await enqueue()];
    await untilCalls(2);
    const store = service.container.get(ports.tasks);
    const stopping = performance.now();
    await close();

    // STOP_SECONDS is 10 unless it is set, of which four are for what comes after the calls.
    expect(performance.now() - stopping).toBeGreaterThan(5_500);
    expect(performance.now() - stopping).toBeLessThan(9_000);
    for (const taskId of ids)
      expect(await store.get(taskId)).toMatchObject({
        status: 'PENDING',
        attempt: 0,
        endedBy: 'release',
        history: [{ attempt: 1, outcome: 'released', error: expect.stringContaining('cut short') }],
      });
    const cuts = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg?.includes('cut short by the stop'));
    expect(cuts).toMatchObject([{ level: 40, queue: 'q' }, { level: 40 }]);
    expect(cuts.map(({ taskId }) => taskId).sort()).toEqual(ids.sort());
    const cut = figures.filter((figure) => (figure as string[])[0] === 'TaskCallsCut');
    expect(cut).toEqual([1, 2].map(() => ['TaskCallsCut', 1, 'Count']));
  });

  it('asks a store that fails more and more rarely, and goes on when it answers again', async () => {
    let isFailing = true;
    let looks = 0;
    await begin(
      (_, response) => response.end(),
      (store) => ({
        listClaimable: async (...look) => {
          looks++;
          if (isFailing) throw storeUnavailable();
          return store.listClaimable(...look);
        },
      }),
    );
    await configure();
    const ids = [];
    for (let count = 0; count < 50; count++) ids.push(await enqueue());
    await eventually(
      () => looks,
      (count) => count >= 3,
    );
    expect(looks).toBeLessThan(10);

    isFailing = false;
    await untilStatus(ids[0] as string, 'SUCCESS');
  });

  it('calls once, and stores what became of it as soon as the store takes it', async () => {
    let failures = 0;
    await begin(
      (_, response) => response.end('"once"'),
      (store) => ({
        replace: async (...change) => {
          if (++failures <= 3) throw storeUnavailable();
          return store.replace(...change);
        },
      }),
    );
    await configure();
    const taskId = await enqueue();

    expect(await untilStatus(taskId, 'SUCCESS')).toMatchObject({ attempt: 1, result: 'once' });
    expect(failures).toBeGreaterThan(3);
    expect(downstream.calls).toHaveLength(1);
  });
});
