import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ClaimTasks } from '../../src/domain/tasks/claim-tasks.ts';
import { EnqueueTask } from '../../src/domain/tasks/enqueue-task.ts';
import { SweepTasks } from '../../src/domain/tasks/sweep-tasks.ts';
import { TaskLeases } from '../../src/domain/tasks/task-leases.ts';
import { ports } from '../../src/entrypoints/composition/tasks/tokens.ts';
import { authorization, type EmbeddedApp } from '../helpers/embedded-app.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
/** 128 bits. */
const FENCE = /^[\w-]{22}$/;
const KIB = 1024;
const DAY_MS = 86_400_000;
/** Of a queue that nobody has configured, beside its order. */
const DEFAULTS = {
  deadlineSeconds: 86_400,
  maxPending: 100_000,
  leaseSeconds: 30,
  maxAttempts: 20,
  retry: { firstSeconds: 1, maxSeconds: 3_600 },
};

/**
 * What the routes of tasks do, whatever they are kept in.
 *
 * @param open begins it; the queues of the test that runs are enough for its sweeps
 * @param bulk whether there is time for thousands of tasks
 * @param approximate the figures that the store says are not exact
 * @param count has the service count what happened, where that is not done with each change
 */
export function describeTasksRoutes(
  name: string,
  open: (queuesOfTest: ReadonlySet<string>) => Promise<EmbeddedApp>,
  {
    bulk,
    approximate,
    count,
  }: {
    readonly bulk: boolean;
    readonly approximate?: readonly string[];
    readonly count?: (service: EmbeddedApp) => Promise<void>;
  },
): void {
  describe(`tasks over HTTP: ${name}`, () => {
    let service: EmbeddedApp;
    let conforms: ReturnType<typeof conformanceTo>;
    let queueCount = 0;
    const queuesOfTest = new Set<string>();
    beforeEach(() => queuesOfTest.clear());
    beforeAll(async () => {
      service = await open(queuesOfTest);
      conforms = conformanceTo((await service.app.inject('/openapi.json')).json());
    });
    afterAll(() => service.close());

    function newQueue(): string {
      const queue = `queue-${++queueCount}`;
      queuesOfTest.add(queue);
      return queue;
    }
    const iso = (offsetMs = 0): string => new Date(service.clock.now() + offsetMs).toISOString();
    const sweep = (): Promise<void> => service.container.get(SweepTasks).execute();

    /** Every answer must be as the service publishes it. */
    async function request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object, headers = {}) {
      const answer = await service.app.inject({ method, url, payload, headers: { ...authorization, ...headers } });
      const { statusCode: status, body } = answer;
      expect(
        conforms({ method, url }, { status, headers: answer.headers as Record<string, string>, body }),
      ).toBeUndefined();
      return answer;
    }
    const get = (url: string) => request('GET', url);
    const post = (url: string, payload: object = {}, headers = {}) => request('POST', url, payload, headers);
    const remove = (url: string) => request('DELETE', url);
    const problem = (status: number, code: string) =>
      expect.objectContaining({
        statusCode: status,
        body: expect.stringContaining(`"code":"${code}"`),
      });

    async function enqueue(queue: string, task: object = {}): Promise<string> {
      const answer = await post(`/queues/${queue}/tasks`, { payload: null, ...task });
      expect(answer.statusCode).toBe(201);
      return answer.json().taskId;
    }

    async function claim(
      queue: string,
      request: object = {},
    ): Promise<{ taskId: string; fence: string; attempt: number }> {
      const answer = await post(`/queues/${queue}/claims`, request);
      expect(answer.statusCode).toBe(200);
      return answer.json().tasks[0];
    }

    const taskOf = async (taskId: string) => (await get(`/tasks/${taskId}`)).json();
    async function queueOf(queue: string) {
      await count?.(service);
      const body = (await get(`/queues/${queue}`)).json();
      expect(body.approximate).toEqual(approximate);
      delete body.approximate;
      return body;
    }

    describe('enqueue', () => {
      it('answers with the task and where it is', async () => {
        const queue = newQueue();
        const answer = await post(`/queues/${queue}/tasks`, { payload: { to: 'ü 🙂', n: [1.5, null, true] } });
        const task = answer.json();

        expect(answer.statusCode).toBe(201);
        expect(answer.headers.location).toBe(`/tasks/${task.taskId}`);
        expect(answer.headers['idempotent-replayed']).toBeUndefined();
        expect(task.taskId).toMatch(ULID);
        expect(task).toEqual({
          taskId: task.taskId,
          queue,
          status: 'PENDING',
          attempt: 0,
          maxAttempts: 20,
          payload: { to: 'ü 🙂', n: [1.5, null, true] },
          createdAt: iso(),
          notBefore: iso(),
          expiresAt: iso(DAY_MS),
          history: [],
        });
        expect(await taskOf(task.taskId)).toEqual(task);
      });

      it.each([[null], [0], [''], [false], [[]], [{}], ['\u0000 \u202e'], [{ constructor: { prototype: 1 } }]])(
        'takes the payload %j',
        async (payload) => {
          const taskId = await enqueue(newQueue(), { payload });
          expect((await taskOf(taskId)).payload).toEqual(payload);
        },
      );

      it('gives numbers back as they were written, and refuses one that it could not', async () => {
        const send = (json: string) =>
          service.app.inject({
            method: 'POST',
            url: `/queues/${newQueue()}/tasks`,
            headers: { ...authorization, 'content-type': 'application/json' },
            payload: json,
          });

        const kept = await send('{"payload":[0.1,1.0,1e3,9007199254740992,5e-324]}');
        expect((await taskOf(kept.json().taskId)).payload).toEqual([0.1, 1, 1_000, 2 ** 53, Number.MIN_VALUE]);
        for (const number of ['9007199254740993', '1e400']) {
          const answer = await send(`{"payload":{"rows":[{"id":${number}}]}}`);
          expect(answer).toEqual(problem(400, 'INVALID_REQUEST'));
          expect(answer.json().errors).toEqual([{ path: 'payload.rows[0].id', message: expect.any(String) }]);
        }
      });

      it('counts the delay from now and the deadline from the end of the delay', async () => {
        const terms = { delaySeconds: 2_592_000, expiresInSeconds: 2_592_000, maxAttempts: 100 };
        const answer = await post(`/queues/${newQueue()}/tasks`, { payload: 1, ...terms });

        expect(answer.json()).toMatchObject({
          maxAttempts: 100,
          notBefore: iso(2_592_000_000),
          expiresAt: iso(2 * 2_592_000_000),
        });
      });

      it.each([
        ['no payload', { payload: undefined }],
        ['an unknown field', { payloads: 1 }],
        ['a negative delay', { delaySeconds: -1 }],
        ['a delay of more than 30 days', { delaySeconds: 2_592_001 }],
        ['a delay in text', { delaySeconds: '1' }],
        ['half a second', { delaySeconds: 0.5 }],
        ['no lifetime', { expiresInSeconds: 0 }],
        ['a lifetime of more than 30 days', { expiresInSeconds: 2_592_001 }],
        ['no attempt', { maxAttempts: 0 }],
        ['more than 100 attempts', { maxAttempts: 101 }],
        ['an id that begins with a dash', { taskId: '-a' }],
        ['an id that is too long', { taskId: 'a'.repeat(65) }],
        ['no object', undefined],
      ])('refuses %s', async (_, task) => {
        const queue = newQueue();
        const payload = task === undefined ? [1] : { payload: 1, ...task };
        expect(await post(`/queues/${queue}/tasks`, payload)).toEqual(problem(400, 'INVALID_REQUEST'));
        expect((await get(`/queues/${queue}`)).statusCode).toBe(404);
      });

      it('refuses a queue whose name is not an id', async () => {
        expect(await post('/queues/a.b/tasks', { payload: 1 })).toEqual(problem(400, 'INVALID_REQUEST'));
      });

      it('takes a payload of 32 KiB and refuses one more byte, before anything else about the content', async () => {
        const queue = newQueue();
        const longest = 'ü'.repeat(16 * KIB - 1);

        expect((await post(`/queues/${queue}/tasks`, { payload: longest })).statusCode).toBe(201);
        expect(await post(`/queues/${queue}/tasks`, { payload: `${longest}a` })).toEqual(
          problem(413, 'TASKS_PAYLOAD_TOO_LARGE'),
        );
        expect(await post(`/queues/${queue}/tasks`, { payload: `${longest}a`, bogus: 1 })).toEqual(
          problem(413, 'TASKS_PAYLOAD_TOO_LARGE'),
        );
        expect(await post(`/queues/${queue}/tasks`, { payload: 'a'.repeat(65 * KIB) })).toEqual(
          problem(413, 'BODY_TOO_LARGE'),
        );
      });

      it('needs a key', async () => {
        expect(await service.app.inject({ method: 'POST', url: '/queues/q/tasks', payload: { payload: 1 } })).toEqual(
          problem(401, 'UNAUTHORIZED'),
        );
      });
    });

    describe('a repeated enqueue', () => {
      it('adds nothing and answers with the task as it is now, whatever the order of its keys', async () => {
        const queue = newQueue();
        const content = {
          payload: { a: 1, b: { c: 2, d: 3 } },
          taskId: `order-${queue}`,
          maxAttempts: 2,
          delaySeconds: 0,
        };
        const first = await post(`/queues/${queue}/tasks`, content);
        await claim(queue);

        const again = await post(`/queues/${queue}/tasks`, {
          delaySeconds: 0,
          maxAttempts: 2,
          taskId: content.taskId,
          payload: { b: { d: 3, c: 2 }, a: 1 },
        });

        expect(again.statusCode).toBe(201);
        expect(again.headers['idempotent-replayed']).toBe('true');
        expect(again.headers.location).toBe(`/tasks/${content.taskId}`);
        expect(again.json()).toMatchObject({ ...first.json(), status: 'TAKEN', attempt: 1 });
        expect((await queueOf(queue)).counters.enqueued).toBe(1);
      });

      it('is recognised after the settings of the queue changed', async () => {
        const queue = newQueue();
        const first = await post(`/queues/${queue}/tasks`, { payload: 1, taskId: `settings-${queue}` });
        await request('PUT', `/queues/${queue}`, { deadlineSeconds: 5, maxAttempts: 9 });
        const again = await post(`/queues/${queue}/tasks`, { payload: 1, taskId: `settings-${queue}` });

        expect(again.headers['idempotent-replayed']).toBe('true');
        expect(again.json()).toEqual(first.json());
      });

      it.each([
        ['payload', { payload: { a: 1 } }, { payload: { a: 2 } }],
        ['payload of another type', { payload: 1 }, { payload: '1' }],
        ['delay', { delaySeconds: 1 }, { delaySeconds: 2 }],
        ['lifetime', { expiresInSeconds: 60 }, {}],
        ['attempts', {}, { maxAttempts: 5 }],
      ])('with another %s is refused', async (_, one, other) => {
        const queue = newQueue();
        const taskId = `other-${queue}`;
        await enqueue(queue, { taskId, ...one });
        expect(await post(`/queues/${queue}/tasks`, { payload: null, taskId, ...other })).toEqual(
          problem(422, 'IDEMPOTENCY_KEY_REUSED'),
        );
      });

      it('in another queue is refused, by id and by key', async () => {
        const [queue, other] = [newQueue(), newQueue()];
        await enqueue(queue, { taskId: `id-${queue}` });
        const key = { 'idempotency-key': `key ${queue}` };
        await post(`/queues/${queue}/tasks`, { payload: null }, key);

        expect(await post(`/queues/${other}/tasks`, { payload: null, taskId: `id-${queue}` })).toEqual(
          problem(422, 'IDEMPOTENCY_KEY_REUSED'),
        );
        expect(await post(`/queues/${other}/tasks`, { payload: null }, key)).toEqual(
          problem(422, 'IDEMPOTENCY_KEY_REUSED'),
        );
      });

      it('is known by its key, which makes the id', async () => {
        const queue = newQueue();
        const key = { 'idempotency-key': `~ any "key" ${queue}` };
        const first = await post(`/queues/${queue}/tasks`, { payload: 'x' }, key);
        const again = await post(`/queues/${queue}/tasks`, { payload: 'x' }, key);
        const other = await post(`/queues/${queue}/tasks`, { payload: 'x' }, { 'idempotency-key': `${queue}` });

        expect(first.json().taskId).toMatch(ULID);
        expect(again.json()).toEqual(first.json());
        expect(again.headers['idempotent-replayed']).toBe('true');
        expect(other.json().taskId).not.toBe(first.json().taskId);
        expect(await post(`/queues/${queue}/tasks`, { payload: 'y' }, key)).toEqual(
          problem(422, 'IDEMPOTENCY_KEY_REUSED'),
        );
      });

      it('cannot have both a key and an id', async () => {
        const key = { 'idempotency-key': 'same' };
        expect(await post(`/queues/${newQueue()}/tasks`, { payload: 1, taskId: 'same' }, key)).toEqual(
          problem(400, 'INVALID_REQUEST'),
        );
      });

      it('of copies that arrive at once adds one', async () => {
        const queue = newQueue();
        const copies = Array.from({ length: 20 }, () =>
          post(`/queues/${queue}/tasks`, { payload: 1, taskId: `at-once` }),
        );
        const answers = await Promise.all(copies);

        expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(20).fill(201));
        expect(answers.filter(({ headers }) => headers['idempotent-replayed'] !== 'true')).toHaveLength(1);
        expect(await queueOf(queue)).toMatchObject({ pending: 1, counters: { enqueued: 1 } });
      });
    });

    describe('a full queue', () => {
      it('refuses and counts, but knows repeats, and takes more once there is room', async () => {
        const queue = newQueue();
        await request('PUT', `/queues/${queue}`, { maxPending: 2 });
        await enqueue(queue, { taskId: `first-${queue}` });
        await enqueue(queue);
        const { taskId, fence } = await claim(queue);

        const refused = await post(`/queues/${queue}/tasks`, { payload: 1, taskId: `third-${queue}` });
        expect(refused).toEqual(problem(503, 'TASKS_QUEUE_FULL'));
        expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
        expect(await get(`/tasks/third-${queue}`)).toEqual(problem(404, 'TASKS_NOT_FOUND'));
        expect((await post(`/queues/${queue}/tasks`, { payload: null, taskId: `first-${queue}` })).statusCode).toBe(
          201,
        );

        await post(`/tasks/${taskId}/complete`, { fence });
        expect((await post(`/queues/${queue}/tasks`, { payload: 1, taskId: `third-${queue}` })).statusCode).toBe(201);
        expect((await queueOf(queue)).counters).toMatchObject({ enqueued: 3, refused: 1 });
      });
    });

    describe('claims', () => {
      it('give the newest tasks, with lease, fence and attempt', async () => {
        const queue = newQueue();
        const ids = [await enqueue(queue), await enqueue(queue, { payload: 'two' }), await enqueue(queue)];

        const answer = await post(`/queues/${queue}/claims`, { max: 2, leaseSeconds: 43_200, worker: 'me' });

        expect(answer.json()).toEqual({
          tasks: [
            {
              taskId: ids[2],
              payload: null,
              attempt: 1,
              maxAttempts: 20,
              fence: expect.stringMatching(FENCE),
              leaseUntil: iso(43_200_000),
              createdAt: iso(),
              expiresAt: iso(DAY_MS),
            },
            {
              taskId: ids[1],
              payload: 'two',
              attempt: 1,
              maxAttempts: 20,
              fence: expect.stringMatching(FENCE),
              leaseUntil: iso(43_200_000),
              createdAt: iso(),
              expiresAt: iso(DAY_MS),
            },
          ],
        });
        const [one, other] = answer.json().tasks;
        expect(one.fence).not.toBe(other.fence);
        expect(await taskOf(ids[1] as string)).toMatchObject({
          status: 'TAKEN',
          claimedAt: iso(),
          worker: 'me',
          leaseUntil: iso(43_200_000),
        });
      });

      it('give the oldest tasks of a fifo queue', async () => {
        const queue = newQueue();
        await request('PUT', `/queues/${queue}`, { order: 'fifo' });
        const ids = [await enqueue(queue), await enqueue(queue)];
        expect((await claim(queue)).taskId).toBe(ids[0]);
        expect((await claim(queue)).taskId).toBe(ids[1]);
      });

      it('give nothing at once when there is nothing, also for a queue that nobody used', async () => {
        const answer = await post(`/queues/${newQueue()}/claims`);
        expect(answer.statusCode).toBe(200);
        expect(answer.json()).toEqual({ tasks: [] });
      });

      it('lease for as long as the queue says', async () => {
        const queue = newQueue();
        await request('PUT', `/queues/${queue}`, { leaseSeconds: 7 });
        const taskId = await enqueue(queue);
        await claim(queue);
        expect((await taskOf(taskId)).leaseUntil).toBe(iso(7_000));
      });

      it.each([
        { max: 0 },
        { max: 11 },
        { leaseSeconds: 0 },
        { leaseSeconds: 43_201 },
        { waitSeconds: -1 },
        { waitSeconds: 21 },
        { worker: '' },
        { bogus: 1 },
      ])('refuse %j', async (claim) => {
        expect(await post(`/queues/${newQueue()}/claims`, claim)).toEqual(problem(400, 'INVALID_REQUEST'));
      });

      it('keep out what waits for its time and what is past its deadline', async () => {
        const queue = newQueue();
        const delayed = await enqueue(queue, { delaySeconds: 10 });
        const short = await enqueue(queue, { expiresInSeconds: 10 });
        service.clock.advance(9_999);
        expect((await claim(queue)).taskId).toBe(short);
        expect(await claim(queue)).toBeUndefined();
        service.clock.advance(1);
        expect((await claim(queue)).taskId).toBe(delayed);
      });

      it('take over a lease that ran out', async () => {
        const queue = newQueue();
        const taskId = await enqueue(queue);
        const first = await claim(queue, { leaseSeconds: 5 });
        service.clock.advance(4_999);
        expect(await claim(queue)).toBeUndefined();
        service.clock.advance(1);
        expect(await taskOf(taskId)).toMatchObject({ status: 'TAKEN', attempt: 1 });
        const second = await claim(queue);
        expect(second).toMatchObject({ taskId, attempt: 2 });
        expect(second.fence).not.toBe(first.fence);
      });
    });

    describe('a holder', () => {
      async function held(task: object = {}) {
        const queue = newQueue();
        await enqueue(queue, task);
        return { queue, ...(await claim(queue, { leaseSeconds: 10 })) };
      }

      it('keeps its task by heartbeats, for as long as its claim or the heartbeat says', async () => {
        const { queue, taskId, fence } = await held();
        service.clock.advance(9_000);
        expect((await post(`/tasks/${taskId}/heartbeat`, { fence })).json()).toMatchObject({ leaseUntil: iso(10_000) });
        expect((await post(`/tasks/${taskId}/heartbeat`, { fence, leaseSeconds: 60 })).json()).toMatchObject({
          status: 'TAKEN',
          attempt: 1,
          leaseUntil: iso(60_000),
        });
        service.clock.advance(59_999);
        expect(await claim(queue)).toBeUndefined();
      });

      it.each([
        [600, {}, 5_000, 600_000],
        [600, { leaseSeconds: 1 }, 5_000, 595_000],
        [5, { leaseSeconds: 1 }, 4_500, 1_000],
        [5, {}, 60_000, 5_000],
        [undefined, {}, 5_000, 30_000],
      ])(
        'of a lease of %s s never shortens it by the heartbeat %j after %i ms',
        async (leaseSeconds, beat, ms, left) => {
          const queue = newQueue();
          await enqueue(queue);
          const { taskId, fence } = await claim(queue, { leaseSeconds });
          service.clock.advance(ms);
          expect((await post(`/tasks/${taskId}/heartbeat`, { fence, ...beat })).json().leaseUntil).toBe(iso(left));
        },
      );

      it('completes its task with a result', async () => {
        const { queue, taskId, fence } = await held();
        const result = { ok: [null, 'ü'] };
        const answer = await post(`/tasks/${taskId}/complete`, { fence, result });

        expect(answer.statusCode).toBe(200);
        expect(answer.json()).toMatchObject({
          status: 'SUCCESS',
          attempt: 1,
          result,
          finishedAt: iso(),
          claimedAt: iso(),
        });
        expect(answer.json()).not.toHaveProperty('leaseUntil');
        expect(await queueOf(queue)).toMatchObject({ pending: 0, taken: 0, counters: { succeeded: 1 } });
      });

      it.each([[null], [0], ['']])('completes its task with the result %j, or none', async (result) => {
        const [one, other] = [await held(), await held()];
        expect((await post(`/tasks/${one.taskId}/complete`, { fence: one.fence, result })).json().result).toBe(result);
        expect((await post(`/tasks/${other.taskId}/complete`, { fence: other.fence })).json()).not.toHaveProperty(
          'result',
        );
      });

      it('keeps its lease when its result is too large', async () => {
        const { taskId, fence } = await held();
        const longest = 'a'.repeat(32 * KIB - 2);

        expect(await post(`/tasks/${taskId}/complete`, { fence, result: `${longest}a` })).toEqual(
          problem(413, 'TASKS_RESULT_TOO_LARGE'),
        );
        expect(await taskOf(taskId)).toMatchObject({ status: 'TAKEN', leaseUntil: iso(10_000) });
        expect((await post(`/tasks/${taskId}/complete`, { fence, result: longest })).json().status).toBe('SUCCESS');
      });

      it('fails an attempt, and the task waits for the next one with jitter', async () => {
        const { queue, taskId, fence } = await held();
        const answer = await post(`/tasks/${taskId}/fail`, { fence, error: 'e'.repeat(2_000) });
        const task = answer.json();

        expect(task).toMatchObject({ status: 'PENDING', attempt: 1, error: 'e'.repeat(2_000) });
        expect(task).not.toHaveProperty('leaseUntil');
        expect(task).not.toHaveProperty('finishedAt');
        expect(Date.parse(task.notBefore) - service.clock.now()).toBeGreaterThanOrEqual(0);
        expect(Date.parse(task.notBefore) - service.clock.now()).toBeLessThan(1_000);
        service.clock.advance(1_000);
        expect(await claim(queue)).toMatchObject({ taskId, attempt: 2 });
      });

      it('is tried again when its holder says so, or fails for good where that is too late', async () => {
        const [one, other] = [await held(), await held({ expiresInSeconds: 3 })];
        const fail = { error: 'busy', retryInSeconds: 3 };

        const waiting = (await post(`/tasks/${one.taskId}/fail`, { fence: one.fence, ...fail })).json();
        expect(waiting).toMatchObject({ status: 'PENDING', notBefore: iso(3_000), error: 'busy' });
        expect((await post(`/tasks/${other.taskId}/fail`, { fence: other.fence, ...fail })).json()).toMatchObject({
          status: 'FAILURE',
          error: 'busy (the next attempt was to come after 3 s, past the deadline of the task)',
          history: [{ outcome: 'failed', error: 'busy' }],
        });
        service.clock.advance(3_000);
        expect((await claim(one.queue)).taskId).toBe(one.taskId);
      });

      it.each([{ retryInSeconds: -1 }, { retryInSeconds: 2_592_001 }, { retryInSeconds: '1' }, { retryInMs: 1 }])(
        'does not fail a task with %j',
        async (wait) => {
          expect(await post('/tasks/nobody/fail', { fence: 'x', error: 'no', ...wait })).toEqual(
            problem(400, 'INVALID_REQUEST'),
          );
        },
      );

      it('fails a task for good', async () => {
        const { queue, taskId, fence } = await held();
        const answer = await post(`/tasks/${taskId}/fail`, { fence, error: 'no', retry: false });

        expect(answer.json()).toMatchObject({ status: 'FAILURE', attempt: 1, error: 'no', finishedAt: iso() });
        expect(await queueOf(queue)).toMatchObject({ deadLetters: 1, taken: 0, counters: { failed: 1 } });
      });

      it('fails a task for good with its last attempt', async () => {
        const { taskId, fence } = await held({ maxAttempts: 1 });
        expect((await post(`/tasks/${taskId}/fail`, { fence, error: 'no' })).json().status).toBe('FAILURE');
      });

      it('gives a task back with its attempt, now or for later', async () => {
        const { queue, taskId, fence } = await held({ maxAttempts: 1 });
        const answer = await post(`/tasks/${taskId}/release`, { fence, delaySeconds: 3 });

        expect(answer.json()).toMatchObject({ status: 'PENDING', attempt: 0, notBefore: iso(3_000) });
        service.clock.advance(3_000);
        expect(await claim(queue)).toMatchObject({ taskId, attempt: 1 });
      });

      it.each([
        [9, 'PENDING'],
        [10, 'TAKEN'],
        [2_592_000, 'TAKEN'],
      ])('gives a task that ends in 10 s back for %i s: it is %s then', async (delaySeconds, status) => {
        const { taskId, fence } = await held({ expiresInSeconds: 10 });
        const answer = await post(`/tasks/${taskId}/release`, { fence, delaySeconds });
        if (status === 'TAKEN') {
          expect(answer).toEqual(problem(400, 'INVALID_REQUEST'));
          expect(answer.json().errors).toMatchObject([{ path: 'delaySeconds' }]);
        }
        expect(await taskOf(taskId)).toMatchObject({ status, expiresAt: iso(10_000) });
      });

      it('gives a task back at once also when its end has passed', async () => {
        const { taskId, fence } = await held({ expiresInSeconds: 5 });
        service.clock.advance(5_000);
        expect((await post(`/tasks/${taskId}/release`, { fence })).json().status).toBe('PENDING');
      });

      it('leaves its name and what became of its attempt in the history of the task', async () => {
        const queue = newQueue();
        const taskId = await enqueue(queue);
        const first = await claim(queue, { worker: 'first', leaseSeconds: 5 });
        await post(`/tasks/${taskId}/fail`, { fence: first.fence, error: 'no', retryInSeconds: 0 });
        await claim(queue, { leaseSeconds: 5 });
        service.clock.advance(6_000);
        const third = await claim(queue, { worker: 'third' });
        expect(await taskOf(taskId)).toMatchObject({ worker: 'third', attempt: 3 });
        await post(`/tasks/${taskId}/release`, { fence: third.fence });

        const begun = { attempt: 1, claimedAt: iso(-6_000), endedAt: iso(-6_000) };
        expect((await taskOf(taskId)).history).toEqual([
          { ...begun, worker: 'first', outcome: 'failed', error: 'no' },
          { ...begun, attempt: 2, endedAt: iso(-1_000), outcome: 'expired' },
          { attempt: 3, claimedAt: iso(), endedAt: iso(), worker: 'third', outcome: 'released' },
        ]);
      });

      it.each([
        ['complete', { result: 1 }],
        ['fail', { error: 'no' }],
        ['fail', { error: 'no', retry: false }],
        ['release', {}],
      ])('may repeat %s %j until the next claim', async (action, body) => {
        const { taskId, fence } = await held();
        const first = await post(`/tasks/${taskId}/${action}`, { fence, ...body });
        service.clock.advance(50);
        const again = await post(`/tasks/${taskId}/${action}`, { fence, ...body });

        expect(again.statusCode).toBe(200);
        expect(again.json()).toEqual(first.json());
        for (const other of ['heartbeat', 'complete', 'fail', 'release'].filter((name) => name !== action))
          expect(
            await post(`/tasks/${taskId}/${other}`, { fence, ...(other === 'fail' ? { error: '' } : {}) }),
          ).toEqual(problem(409, 'TASKS_LEASE_LOST'));
      });

      it('may not repeat after the next claim', async () => {
        const { queue, taskId, fence } = await held();
        await post(`/tasks/${taskId}/release`, { fence });
        await claim(queue);
        expect(await post(`/tasks/${taskId}/release`, { fence })).toEqual(problem(409, 'TASKS_LEASE_LOST'));
      });

      it('still has a lease that ran out, until somebody takes it over', async () => {
        const { queue, taskId, fence } = await held();
        service.clock.advance(60_000);
        expect((await post(`/tasks/${taskId}/heartbeat`, { fence, leaseSeconds: 1 })).statusCode).toBe(200);
        service.clock.advance(60_000);
        const next = await claim(queue);

        for (const [action, body] of Object.entries({ heartbeat: {}, complete: {}, fail: { error: '' }, release: {} }))
          expect(await post(`/tasks/${taskId}/${action}`, { fence, ...body })).toEqual(
            problem(409, 'TASKS_LEASE_LOST'),
          );
        expect((await post(`/tasks/${taskId}/complete`, { fence: next.fence })).json().status).toBe('SUCCESS');
      });

      it('is refused with a fence that nobody has, a fence that is none, and a task that is not there', async () => {
        const { taskId } = await held();
        expect(await post(`/tasks/${taskId}/complete`, { fence: 'x' })).toEqual(problem(409, 'TASKS_LEASE_LOST'));
        expect(await post(`/tasks/${taskId}/complete`, { fence: '' })).toEqual(problem(400, 'INVALID_REQUEST'));
        expect(await post(`/tasks/${taskId}/complete`, {})).toEqual(problem(400, 'INVALID_REQUEST'));
        expect(await post(`/tasks/${taskId}/fail`, { fence: 'x' })).toEqual(problem(400, 'INVALID_REQUEST'));
        expect(await post(`/tasks/${taskId}/fail`, { fence: 'x', error: 'e'.repeat(2_001) })).toEqual(
          problem(400, 'INVALID_REQUEST'),
        );
        for (const action of ['heartbeat', 'complete', 'release'])
          expect(await post(`/tasks/nobody/${action}`, { fence: 'x' })).toEqual(problem(404, 'TASKS_NOT_FOUND'));
      });
    });

    describe('time', () => {
      it('sheds a task that waited past its deadline, tried before or not', async () => {
        const queue = newQueue();
        const [never, tried] = [
          await enqueue(queue, { expiresInSeconds: 10 }),
          await enqueue(queue, { expiresInSeconds: 10 }),
        ];
        const { fence } = await claim(queue);
        await post(`/tasks/${tried}/release`, { fence });
        service.clock.advance(10_000);
        await sweep();

        for (const taskId of [never, tried])
          expect(await taskOf(taskId)).toMatchObject({ status: 'SHED', shedReason: 'expired', finishedAt: iso() });
        expect(await queueOf(queue)).toMatchObject({ pending: 0, deadLetters: 0, counters: { shed: 2 } });
      });

      it('sheds a task whose holder died past its deadline', async () => {
        const queue = newQueue();
        const taskId = await enqueue(queue, { expiresInSeconds: 5 });
        await claim(queue, { leaseSeconds: 10 });
        service.clock.advance(9_999);
        await sweep();
        expect((await taskOf(taskId)).status).toBe('TAKEN');
        service.clock.advance(1);
        await sweep();
        expect(await taskOf(taskId)).toMatchObject({ status: 'SHED', shedReason: 'expired' });
      });

      it('fails a task when the lease of its last attempt runs out, at the next claim too', async () => {
        const queue = newQueue();
        const [swept, met] = [await enqueue(queue, { maxAttempts: 1 }), await enqueue(queue, { maxAttempts: 1 })];
        await claim(queue, { max: 2, leaseSeconds: 10 });
        service.clock.advance(10_000);
        expect(await claim(queue)).toBeUndefined();
        expect((await taskOf(met)).status).toBe('FAILURE');
        await sweep();
        expect((await taskOf(swept)).status).toBe('FAILURE');
        expect(await queueOf(queue)).toMatchObject({ taken: 0, deadLetters: 2, counters: { failed: 2 } });
      });

      it('makes a FAILURE of a retry that would come too late', async () => {
        const queue = newQueue();
        const taskId = await enqueue(queue, { expiresInSeconds: 5 });
        const { fence } = await claim(queue, { leaseSeconds: 10 });
        service.clock.advance(5_000);
        expect((await post(`/tasks/${taskId}/fail`, { fence, error: 'late' })).json()).toMatchObject({
          status: 'FAILURE',
          error: expect.stringMatching(/^late \(the next attempt was to come after [01] s, past the deadline/),
        });
      });
    });

    describe('redrive', () => {
      async function failed(queue: string, task: object = {}): Promise<string> {
        const taskId = await enqueue(queue, task);
        const { fence } = await claim(queue);
        await post(`/tasks/${taskId}/fail`, { fence, error: 'no', retry: false });
        return taskId;
      }

      it('brings a FAILURE back in its old place, with no attempt and a new deadline', async () => {
        const queue = newQueue();
        const taskId = await failed(queue);
        const newer = await enqueue(queue);
        service.clock.advance(60_000);

        const answer = await post(`/tasks/${taskId}/redrive`);

        expect(answer.statusCode).toBe(200);
        expect(answer.json()).toMatchObject({ status: 'PENDING', attempt: 0, expiresAt: iso(DAY_MS), error: 'no' });
        expect(answer.json()).not.toHaveProperty('finishedAt');
        expect(await queueOf(queue)).toMatchObject({
          pending: 2,
          deadLetters: 0,
          counters: { failed: 1, redriven: 1 },
        });
        expect((await claim(queue)).taskId).toBe(newer);
        expect(await claim(queue)).toMatchObject({ taskId, attempt: 1 });
      });

      it('brings back what was shed', async () => {
        const queue = newQueue();
        const taskId = await enqueue(queue, { expiresInSeconds: 5 });
        service.clock.advance(5_000);
        await sweep();

        expect((await post(`/tasks/${taskId}/redrive`)).json()).toMatchObject({
          status: 'PENDING',
          notBefore: iso(),
          expiresAt: iso(5_000),
        });
        expect(await taskOf(taskId)).not.toHaveProperty('shedReason');
        expect(await queueOf(queue)).toMatchObject({ pending: 1, counters: { enqueued: 1, shed: 1, redriven: 1 } });
        expect((await claim(queue)).taskId).toBe(taskId);
      });

      it.each<[object | undefined, readonly string[]]>([
        [undefined, ['failed-2', 'failed-1']],
        [{}, ['failed-2', 'failed-1']],
        [{ status: 'FAILURE', limit: 1 }, ['failed-2']],
        [{ status: 'SHED' }, ['shed-2', 'shed-1']],
        [{ status: 'SHED', limit: 1 }, ['shed-2']],
        [{ limit: 1_000 }, ['failed-2', 'failed-1']],
      ])('of a queue brings back the newest first, by %j: %j', async (body, expected) => {
        const queue = newQueue();
        for (const name of ['failed-1', 'failed-2']) await failed(queue, { taskId: `${name}-${queue}` });
        for (const name of ['shed-1', 'shed-2'])
          await enqueue(queue, { taskId: `${name}-${queue}`, expiresInSeconds: 1 });
        service.clock.advance(1_000);
        await sweep();

        const answer = await request('POST', `/queues/${queue}/redrive`, body);
        expect(answer.json()).toEqual({ redriven: expected.length });
        const { tasks } = (await get(`/queues/${queue}/tasks?status=PENDING`)).json();
        expect(tasks.map(({ taskId }: { taskId: string }) => taskId).sort()).toEqual(
          expected.map((name) => `${name}-${queue}`).sort(),
        );
      });

      it.each([{ status: 'SUCCESS' }, { status: 'CANCELLED' }, { limit: 0 }, { limit: 1_001 }, { max: 1 }, [], null])(
        'of a queue refuses %j',
        async (body) => {
          const answer = await service.app.inject({
            method: 'POST',
            url: '/queues/q/redrive',
            headers: { ...authorization, 'content-type': 'application/json' },
            payload: JSON.stringify(body),
          });
          expect(answer).toEqual(problem(400, 'INVALID_REQUEST'));
        },
      );

      it('refuses every other status', async () => {
        const queue = newQueue();
        const stopped = await enqueue(queue);
        await post(`/tasks/${stopped}/cancel`);
        expect(await post(`/tasks/${stopped}/redrive`)).toEqual(problem(409, 'TASKS_NOT_REDRIVABLE'));
        const taskId = await enqueue(queue, { expiresInSeconds: 100 });
        expect(await post(`/tasks/${taskId}/redrive`)).toEqual(problem(409, 'TASKS_NOT_REDRIVABLE'));
        const { fence } = await claim(queue);
        expect(await post(`/tasks/${taskId}/redrive`)).toEqual(problem(409, 'TASKS_NOT_REDRIVABLE'));
        await post(`/tasks/${taskId}/complete`, { fence });
        expect(await post(`/tasks/${taskId}/redrive`)).toEqual(problem(409, 'TASKS_NOT_REDRIVABLE'));
        expect(await post('/tasks/nobody/redrive')).toEqual(problem(404, 'TASKS_NOT_FOUND'));
      });

      if (bulk)
        it('brings back at most 1,000 at once', async () => {
          const queue = newQueue();
          // So many requests would take half a minute.
          const [enqueueTask, claimTasks, taskLeases] = [
            service.container.get(EnqueueTask),
            service.container.get(ClaimTasks),
            service.container.get(TaskLeases),
          ];
          for (let count = 0; count < 1_003; count++) await enqueueTask.execute(queue, { payload: null });
          const [claimed = []] = await claimTasks.execute(queue, [{ max: 1_003 }]);
          for (const { taskId, fence = '' } of claimed)
            await taskLeases.fail(taskId, fence, { error: 'no', retry: false });

          expect((await post(`/queues/${queue}/redrive`)).json()).toEqual({ redriven: 1_000 });
          expect((await post(`/queues/${queue}/redrive`)).json()).toEqual({ redriven: 3 });
          expect((await post(`/queues/${queue}/redrive`)).json()).toEqual({ redriven: 0 });
          expect(await queueOf(queue)).toMatchObject({ pending: 1_003, deadLetters: 0, counters: { redriven: 1_003 } });
        });
    });

    describe('a batch', () => {
      const batch = (queue: string, tasks: unknown) => post(`/queues/${queue}/tasks/batch`, { tasks });

      it('is enqueued, with an answer for each task in order', async () => {
        const queue = newQueue();
        const answer = await batch(queue, [
          { payload: 'one', taskId: `one-${queue}`, delaySeconds: 5, maxAttempts: 3, expiresInSeconds: 7 },
          { payload: { two: null } },
        ]);

        expect(answer.statusCode).toBe(200);
        const [one, two] = answer.json().results;
        expect(one.task).toMatchObject({ taskId: `one-${queue}`, maxAttempts: 3, expiresAt: iso(12_000) });
        expect(two.task).toMatchObject({ queue, payload: { two: null }, status: 'PENDING', history: [] });
        for (const { task } of [one, two]) expect(await taskOf(task.taskId)).toEqual(task);
      });

      it('may be repeated with ids, and shows the tasks as they are now', async () => {
        const queue = newQueue();
        const tasks = [1, 2].map((payload) => ({ payload, taskId: `${queue}-${payload}` }));
        await batch(queue, tasks);
        await claim(queue);

        const again = await batch(queue, tasks);
        expect(again.json().results.map(({ task }: { task: { status: string } }) => task.status)).toEqual([
          'PENDING',
          'TAKEN',
        ]);
        expect((await queueOf(queue)).counters.enqueued).toBe(2);
      });

      it('lets the others count beside one that is refused', async () => {
        const queue = newQueue();
        const problems = (answer: { json(): { results: { problem?: { code: string; status: number } }[] } }) =>
          answer.json().results.map(({ problem }) => problem && [problem.code, problem.status]);
        const answer = await batch(queue, [
          { payload: 'a'.repeat(32 * KIB) },
          { payload: 1, taskId: `same-${queue}` },
          { payload: 2, taskId: `same-${queue}` },
          { payload: 3 },
        ]);
        expect(problems(answer)).toEqual([
          ['TASKS_PAYLOAD_TOO_LARGE', 413],
          undefined,
          ['IDEMPOTENCY_KEY_REUSED', 422],
          undefined,
        ]);
        await request('PUT', `/queues/${queue}`, { maxPending: 2 });
        expect(problems(await batch(queue, [{ payload: 4 }, { payload: 1, taskId: `same-${queue}` }]))).toEqual([
          ['TASKS_QUEUE_FULL', 503],
          undefined,
        ]);
        expect(answer.json().results[0].problem).toEqual(
          (await post(`/queues/${queue}/tasks`, { payload: 'a'.repeat(32 * KIB) })).json(),
        );
        expect(await queueOf(queue)).toMatchObject({ pending: 2, counters: { enqueued: 2, refused: 1 } });
      });

      it('may take a mebibyte, and a hundred tasks', async () => {
        const bytes = (tasks: object[]): number => JSON.stringify({ tasks }).length;
        const tasks = Array.from({ length: 100 }, (_, index) => ({ payload: index, taskId: newQueue() }));
        expect((await batch(newQueue(), tasks)).json().results).toHaveLength(100);

        const large = Array.from({ length: 33 }, () => ({ payload: 'a'.repeat(31 * KIB) }));
        const last = { payload: '' };
        last.payload = 'a'.repeat(1_024 * KIB - bytes([...large, last]));
        expect(bytes([...large, last])).toBe(1_024 * KIB);
        expect((await batch(newQueue(), [...large, last])).statusCode).toBe(200);
        last.payload += 'a';
        expect(await batch(newQueue(), [...large, last])).toEqual(problem(413, 'BODY_TOO_LARGE'));
      });

      it.each<[string, unknown, string]>([
        ['no task', [], 'tasks'],
        ['101 tasks', Array(101).fill({ payload: 1 }), 'tasks'],
        ['no list', { payload: 1 }, 'tasks'],
        ['a task without a payload', [{ payload: 1 }, {}], 'tasks[1].payload'],
        ['a task that says too much', [{ payload: 1, queue: 'q' }], 'tasks[0].queue'],
        ['a task of no attempt', [{ payload: 1, maxAttempts: 0 }], 'tasks[0].maxAttempts'],
      ])('of %s is refused as a whole', async (_, tasks, path) => {
        const queue = newQueue();
        const answer = await batch(queue, tasks);
        expect(answer).toEqual(problem(400, 'INVALID_REQUEST'));
        expect(answer.json().errors).toMatchObject([{ path }]);
        expect((await get(`/queues/${queue}`)).statusCode).toBe(404);
      });
    });

    describe('cancel', () => {
      it('ends a task that waits, and one that is held: its holder learns so', async () => {
        const queue = newQueue();
        const [waiting, held] = [await enqueue(queue), await enqueue(queue)];
        const { fence } = await claim(queue, { worker: 'me' });

        for (const taskId of [waiting, held]) {
          const answer = await post(`/tasks/${taskId}/cancel`);
          expect(answer.statusCode).toBe(200);
          expect(answer.json()).toMatchObject({ taskId, status: 'CANCELLED', finishedAt: iso() });
          expect(answer.json()).not.toHaveProperty('leaseUntil');
          expect(await taskOf(taskId)).toEqual(answer.json());
          expect((await post(`/tasks/${taskId}/cancel`)).json()).toEqual(answer.json());
        }
        expect((await taskOf(held)).history).toMatchObject([{ attempt: 1, worker: 'me', outcome: 'cancelled' }]);
        for (const [action, body] of Object.entries({ heartbeat: {}, complete: {}, fail: { error: '' }, release: {} }))
          expect(await post(`/tasks/${held}/${action}`, { fence, ...body })).toEqual(problem(409, 'TASKS_LEASE_LOST'));
        expect(await queueOf(queue)).toMatchObject({ pending: 0, taken: 0, counters: { enqueued: 2, cancelled: 2 } });
        expect(await claim(queue)).toBeUndefined();
        const { tasks } = (await get(`/queues/${queue}/tasks?status=CANCELLED`)).json();
        expect(tasks.map(({ taskId }: { taskId: string }) => taskId)).toEqual([held, waiting]);
      });

      it.each([
        ['SUCCESS', 'complete', {}],
        ['FAILURE', 'fail', { error: 'no', retry: false }],
      ])('comes too late for a %s', async (status, action, body) => {
        const queue = newQueue();
        const taskId = await enqueue(queue);
        const { fence } = await claim(queue);
        await post(`/tasks/${taskId}/${action}`, { fence, ...body });
        expect(await post(`/tasks/${taskId}/cancel`)).toEqual(problem(409, 'TASKS_NOT_CANCELLABLE'));
        expect((await taskOf(taskId)).status).toBe(status);
      });

      it('needs a task and no body', async () => {
        expect(await post('/tasks/nobody/cancel')).toEqual(problem(404, 'TASKS_NOT_FOUND'));
        expect(await post(`/tasks/${await enqueue(newQueue())}/cancel`, { bogus: 1 })).toEqual(
          problem(400, 'INVALID_REQUEST'),
        );
      });
    });

    describe('the path of a task with its queue', () => {
      it('leads to the same, through all of its life', async () => {
        const queue = newQueue();
        const taskId = await enqueue(queue);
        const path = `/queues/${queue}/tasks/${taskId}`;
        const { fence } = await claim(queue);
        const steps: [string, object, string][] = [
          ['heartbeat', { fence }, 'TAKEN'],
          ['release', { fence }, 'PENDING'],
          ['cancel', {}, 'CANCELLED'],
        ];
        for (const [action, body, status] of steps) {
          const answer = await post(`${path}/${action}`, body);
          expect(answer.json()).toMatchObject({ taskId, status });
          expect((await get(path)).json()).toEqual(await taskOf(taskId));
        }
        const other = await enqueue(queue);
        const again = `/queues/${queue}/tasks/${other}`;
        const second = await claim(queue);
        await post(`${again}/fail`, { fence: second.fence, error: 'no', retry: false });
        expect((await post(`${again}/redrive`)).json().status).toBe('PENDING');
        const third = await claim(queue);
        expect((await post(`${again}/complete`, { fence: third.fence, result: 1 })).json()).toMatchObject({
          result: 1,
        });
      });

      it('leads nowhere in another queue, and changes nothing there', async () => {
        const [queue, other] = [newQueue(), newQueue()];
        const taskId = await enqueue(queue);
        await enqueue(other);
        const { fence } = await claim(queue);
        const before = await taskOf(taskId);

        expect(await get(`/queues/${other}/tasks/${taskId}`)).toEqual(problem(404, 'TASKS_NOT_FOUND'));
        for (const [action, body] of Object.entries({
          heartbeat: { fence },
          complete: { fence },
          fail: { fence, error: 'no' },
          release: { fence },
          cancel: {},
          redrive: {},
        }))
          expect(await post(`/queues/${other}/tasks/${taskId}/${action}`, body)).toEqual(
            problem(404, 'TASKS_NOT_FOUND'),
          );
        expect(await taskOf(taskId)).toEqual(before);
        expect(await get('/queues/a.b/tasks/t')).toEqual(problem(400, 'INVALID_REQUEST'));
      });
    });

    describe('lists', () => {
      it('show the tasks of a queue by status, newest first, in pages', async () => {
        const queue = newQueue();
        const ids: string[] = [];
        for (let count = 0; count < 5; count++) ids.push(await enqueue(queue));
        await claim(queue);

        const first = (await get(`/queues/${queue}/tasks?status=PENDING&limit=3`)).json();
        const second = (await get(`/queues/${queue}/tasks?status=PENDING&limit=3&cursor=${first.nextCursor}`)).json();

        const idsOf = (body: { tasks: { taskId: string }[] }): string[] => body.tasks.map(({ taskId }) => taskId);
        expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.slice(0, 4).reverse());
        expect(second).not.toHaveProperty('nextCursor');
        expect(idsOf((await get(`/queues/${queue}/tasks?status=TAKEN`)).json())).toEqual([ids[4]]);
        expect((await get(`/queues/${queue}/tasks?status=SHED`)).json()).toEqual({ tasks: [] });
        expect(first.tasks[0]).toEqual(await taskOf(first.tasks[0].taskId));
      });

      it.each([
        '',
        '?status=SUCCESS',
        '?status=pending',
        '?status=PENDING&status=TAKEN',
        '?status=PENDING&limit=0',
        '?status=PENDING&limit=101',
        '?status=PENDING&cursor=x',
        '?status=PENDING&bogus=1',
      ])('refuse %s', async (query) => {
        expect(await get(`/queues/q/tasks${query}`)).toEqual(problem(400, 'INVALID_REQUEST'));
      });

      it('show all queues by name, in pages', async () => {
        for (const queue of ['zz-1', 'zz-2', 'zz-3']) await enqueue(queue);
        const names: string[] = [];
        let cursor = '';
        do {
          const page = (await get(`/queues?limit=100${cursor}`)).json();
          names.push(...page.queues.map(({ queue }: { queue: string }) => queue));
          cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : '';
        } while (cursor);

        expect(names.slice(-3)).toEqual(['zz-1', 'zz-2', 'zz-3']);
        expect(names).toEqual([...new Set(names)].sort());
        expect((await get('/queues?limit=1')).json().queues[0]).toMatchObject(await queueOf(names[0] as string));
      });
    });

    describe('a queue', () => {
      it('exists from its first use, with the defaults', async () => {
        const queue = newQueue();
        expect(await get(`/queues/${queue}`)).toEqual(problem(404, 'TASKS_QUEUE_NOT_FOUND'));
        await enqueue(queue);
        service.clock.advance(1_500);
        await enqueue(queue);
        service.clock.advance(500);

        expect(await queueOf(queue)).toEqual({
          queue,
          order: 'lifo',
          ...DEFAULTS,
          paused: false,
          breaker: 'closed',
          effectiveOrder: 'lifo',
          pending: 2,
          taken: 0,
          deadLetters: 0,
          delayed: 0,
          oldestPendingAgeMs: 2_000,
          oldestDueAgeMs: 2_000,
          newestPendingAgeMs: 500,
          throughputPerSecond: 0,
          counters: { enqueued: 2, succeeded: 0, failed: 0, shed: 0, cancelled: 0, redriven: 0, refused: 0 },
        });
      });

      it('is configured as a whole', async () => {
        const queue = newQueue();
        const settings = {
          order: 'adaptive',
          deadlineSeconds: 2_592_000,
          maxPending: 1,
          leaseSeconds: 43_200,
          maxAttempts: 100,
          retry: { firstSeconds: 86_400, maxSeconds: 1 },
          runner: { url: 'http://127.0.0.1:1/x?y=z', timeoutMs: 900_000, concurrency: 100, ratePerSecond: 0.01 },
        };

        const put = await request('PUT', `/queues/${queue}`, settings);
        expect(put.statusCode).toBe(200);
        expect(put.json()).toEqual({ queue, ...settings, paused: false });
        expect(await queueOf(queue)).toMatchObject({ ...settings, effectiveOrder: 'fifo', oldestPendingAgeMs: null });

        const again = await request('PUT', `/queues/${queue}`, { runner: { url: 'https://example.org' } });
        expect(again.json()).toEqual({
          queue,
          order: 'lifo',
          ...DEFAULTS,
          paused: false,
          runner: { url: 'https://example.org', timeoutMs: 10_000, concurrency: 4 },
        });
        await request('PUT', `/queues/${queue}`, {});
        expect(await queueOf(queue)).not.toHaveProperty('runner');
      });

      it.each([
        { order: 'random' },
        { deadlineSeconds: 0 },
        { maxPending: 0 },
        { leaseSeconds: 43_201 },
        { maxAttempts: 101 },
        { runner: {} },
        { runner: { url: 'ftp://example.org' } },
        { runner: { url: 'example.org' } },
        { runner: { url: 'http://' } },
        { runner: { url: 'http:/example.org' } },
        { runner: { url: 'http:///example.org' } },
        { runner: { url: 'http://?example.org' } },
        { runner: { url: 'http://user@' } },
        { runner: { url: 'http://example.org:65536' } },
        { runner: { url: 'http://example.org/a b' } },
        { runner: { url: 'http://example.org\\@elsewhere.org' } },
        { runner: { url: ' http://example.org' } },
        { runner: { url: 'http://example.org\n' } },
        { runner: { url: 'javascript:alert(1)//http://example.org' } },
        { runner: { url: `http://example.org/${'a'.repeat(2_048)}` } },
        { runner: { url: 'http://example.org', timeoutMs: 99 } },
        { runner: { url: 'http://example.org', timeoutMs: 900_001 } },
        { runner: { url: 'http://example.org', concurrency: 0 } },
        { runner: { url: 'http://example.org', concurrency: 101 } },
        { runner: { url: 'http://example.org', ratePerSecond: 0.009 } },
        { runner: { url: 'http://example.org', ratePerSecond: 10_001 } },
        { runner: { url: 'http://example.org', secret: 'a'.repeat(15) } },
        { runner: { url: 'http://example.org', secret: 'a'.repeat(129) } },
        { runner: { url: 'http://example.org', secret: '***' } },
        { runner: { url: 'http://***@example.org' } },
        { runner: { url: 'http://example.org', headers: { 'x-a': '***' } } },
        { runner: { url: 'http://example.org', headers: { 'x-a': '' } } },
        { runner: { url: 'http://example.org', headers: { 'x-a': ' a' } } },
        { runner: { url: 'http://example.org', headers: { 'x-a': 'a\r\nx-b: b' } } },
        { runner: { url: 'http://example.org', headers: { 'x-a': 'ü' } } },
        { runner: { url: 'http://example.org', headers: { 'x-a': 1 } } },
        { runner: { url: 'http://example.org', headers: { 'x-a': 'a'.repeat(2_049) } } },
        { runner: { url: 'http://example.org', headers: { 'x a': 'a' } } },
        { runner: { url: 'http://example.org', headers: { 'x-ä': 'a' } } },
        { runner: { url: 'http://example.org', headers: { '': 'a' } } },
        { runner: { url: 'http://example.org', headers: { ['a'.repeat(65)]: 'a' } } },
        { runner: { url: 'http://example.org', headers: { 'X-A': 'a', 'x-a': 'b' } } },
        {
          runner: {
            url: 'http://example.org',
            headers: Object.fromEntries([...'abcdefghijk'].map((name) => [name, 'a'])),
          },
        },
        ...[
          'Content-Type',
          'CONTENT-LENGTH',
          'host',
          'hOST',
          'Idempotency-Key',
          'PORTSIDE-Attempt',
          'connection',
          'TE',
        ].map((name) => ({ runner: { url: 'http://example.org', headers: { [name]: 'a' } } })),
        { retry: { firstSeconds: 0 } },
        { retry: { maxSeconds: 86_401 } },
        { retry: { seconds: 1 } },
        { retry: 1 },
        { paused: true },
        { queue: 'q' },
      ])('is not configured with %j', async (settings) => {
        const queue = newQueue();
        expect(await request('PUT', `/queues/${queue}`, settings)).toEqual(problem(400, 'INVALID_REQUEST'));
        expect((await get(`/queues/${queue}`)).statusCode).toBe(404);
      });

      it('never shows what is secret of its runner, and takes it back as unchanged at the same address', async () => {
        const queue = newQueue();
        const runner = {
          url: 'https://user:word@example.org/run',
          timeoutMs: 100,
          concurrency: 1,
          headers: { Authorization: 'Bearer hush', "X-!#$%&'*+.^_`|~": 'b b' },
          secret: '0123456789abcdef',
        };
        const shown = {
          ...runner,
          url: 'https://***@example.org/run',
          headers: { Authorization: '***', "X-!#$%&'*+.^_`|~": '***' },
          secret: '***',
        };
        const stored = async () =>
          (await service.container.get(ports.queues).get(queue)) as { readonly runner?: object };
        const put = (changed: object) => request('PUT', `/queues/${queue}`, { runner: changed });

        expect((await put(runner)).json().runner).toEqual(shown);
        expect((await queueOf(queue)).runner).toEqual(shown);
        expect((await get('/queues?limit=100')).body).not.toContain('hush');
        expect((await post(`/queues/${queue}/pause`)).body).not.toMatch(/hush|word|0123456789abcdef/);
        expect((await put({ ...shown, concurrency: 2 })).json().runner).toEqual({ ...shown, concurrency: 2 });
        expect((await stored()).runner).toEqual({ ...runner, concurrency: 2 });

        for (const url of ['https://***@example.com/run', 'http://***@example.org/run', 'https://example.org:81/run']) {
          const answer = await put({ ...shown, url });
          expect(answer).toEqual(problem(400, 'INVALID_REQUEST'));
          expect(answer.body).not.toMatch(/hush|word|0123456789abcdef/);
        }
        expect((await stored()).runner).toEqual({ ...runner, concurrency: 2 });
      });

      it('gives nobody anything while it is paused, and shows that', async () => {
        const queue = newQueue();
        expect(await post(`/queues/${queue}/pause`)).toEqual(problem(404, 'TASKS_QUEUE_NOT_FOUND'));
        expect(await post(`/queues/${queue}/resume`)).toEqual(problem(404, 'TASKS_QUEUE_NOT_FOUND'));
        const taskId = await enqueue(queue);

        for (let time = 0; time < 2; time++) {
          const paused = await post(`/queues/${queue}/pause`);
          expect(paused.json()).toMatchObject({ queue, paused: true, pending: 1 });
          expect(await claim(queue)).toBeUndefined();
        }
        expect((await request('PUT', `/queues/${queue}`, { maxAttempts: 7 })).json()).toMatchObject({ paused: true });
        expect(await queueOf(queue)).toMatchObject({ paused: true, maxAttempts: 7 });
        for (let time = 0; time < 2; time++)
          expect((await post(`/queues/${queue}/resume`)).json()).toMatchObject({ paused: false, maxAttempts: 7 });
        expect((await claim(queue)).taskId).toBe(taskId);
      });

      it('wakes a claim that waits when it goes on', async () => {
        const queue = newQueue();
        const taskId = await enqueue(queue);
        await post(`/queues/${queue}/pause`);
        const waiting = claim(queue, { waitSeconds: 20 });
        await post(`/queues/${queue}/resume`);
        expect((await waiting).taskId).toBe(taskId);
      });

      it('is emptied by status, with what waits cancelled and what is finished gone', async () => {
        const queue = newQueue();
        const ids: Record<string, string> = {};
        for (const name of ['dead', 'held', 'stopped', 'shed'])
          ids[name] = await enqueue(queue, name === 'shed' ? { expiresInSeconds: 1 } : {});
        service.clock.advance(1_000);
        await sweep();
        await post(`/tasks/${ids.stopped}/cancel`);
        await claim(queue);
        const { fence } = await claim(queue);
        await post(`/tasks/${ids.dead}/fail`, { fence, error: 'no', retry: false });
        ids.waiting = await enqueue(queue, { delaySeconds: 3_600 });

        const purge = async (status: string) => (await remove(`/queues/${queue}/tasks?status=${status}`)).json();
        expect(await purge('PENDING')).toEqual({ removed: 1 });
        expect(await taskOf(ids.waiting)).toMatchObject({ status: 'CANCELLED', finishedAt: iso() });
        expect(await purge('FAILURE')).toEqual({ removed: 1 });
        expect(await purge('SHED')).toEqual({ removed: 1 });
        expect(await purge('CANCELLED')).toEqual({ removed: 2 });
        for (const name of ['dead', 'shed', 'stopped', 'waiting'])
          expect(await get(`/tasks/${ids[name]}`)).toEqual(problem(404, 'TASKS_NOT_FOUND'));
        expect((await taskOf(ids.held as string)).status).toBe('TAKEN');
        expect(await queueOf(queue)).toMatchObject({
          pending: 0,
          taken: 1,
          deadLetters: 0,
          counters: { enqueued: 5, failed: 1, shed: 1, cancelled: 2, redriven: 0 },
        });
      });

      it.each(['', '?status=TAKEN', '?status=SUCCESS', '?status=FAILURE&status=SHED', '?status=SHED&limit=1'])(
        'is not emptied by %j',
        async (query) => {
          expect(await remove(`/queues/q/tasks${query}`)).toEqual(problem(400, 'INVALID_REQUEST'));
        },
      );

      it('is deleted once it holds no open task, and goes on with its counters under its name', async () => {
        const queue = newQueue();
        await request('PUT', `/queues/${queue}`, { order: 'fifo' });
        const taskId = await enqueue(queue);
        expect(await remove(`/queues/${queue}`)).toEqual(problem(409, 'TASKS_QUEUE_NOT_EMPTY'));
        const { fence } = await claim(queue);
        expect(await remove(`/queues/${queue}`)).toEqual(problem(409, 'TASKS_QUEUE_NOT_EMPTY'));
        expect(await queueOf(queue)).toMatchObject({ order: 'fifo', taken: 1 });
        await post(`/tasks/${taskId}/complete`, { fence });
        await post(`/queues/${queue}/pause`);

        const answer = await remove(`/queues/${queue}`);
        expect([answer.statusCode, answer.body]).toEqual([204, '']);
        expect(answer.headers).not.toHaveProperty('content-type');
        expect(await get(`/queues/${queue}`)).toEqual(problem(404, 'TASKS_QUEUE_NOT_FOUND'));
        expect(await remove(`/queues/${queue}`)).toEqual(problem(404, 'TASKS_QUEUE_NOT_FOUND'));
        expect((await taskOf(taskId)).status).toBe('SUCCESS');

        await enqueue(queue);
        expect(await queueOf(queue)).toMatchObject({
          order: 'lifo',
          paused: false,
          counters: { enqueued: 2, succeeded: 1 },
        });
      });

      it('passes its deadline and attempts on to tasks that do not name their own', async () => {
        const queue = newQueue();
        await request('PUT', `/queues/${queue}`, { deadlineSeconds: 60, maxAttempts: 2 });
        expect(await taskOf(await enqueue(queue))).toMatchObject({ maxAttempts: 2, expiresAt: iso(60_000) });
        expect(await taskOf(await enqueue(queue, { maxAttempts: 3, expiresInSeconds: 1 }))).toMatchObject({
          maxAttempts: 3,
          expiresAt: iso(1_000),
        });
      });

      it('measures its throughput, and turns its order by it when it is adaptive', async () => {
        const queue = newQueue();
        await request('PUT', `/queues/${queue}`, { order: 'adaptive', deadlineSeconds: 10 });
        for (let count = 0; count < 40; count++) await enqueue(queue);
        for (let count = 0; count < 10; count++) {
          service.clock.advance(500);
          const { taskId, fence } = await claim(queue);
          await post(`/tasks/${taskId}/complete`, { fence });
        }
        const { throughputPerSecond, effectiveOrder } = await queueOf(queue);
        expect(throughputPerSecond).toBeCloseTo(2, 0);
        expect(effectiveOrder).toBe('lifo');
      });
    });

    it('every task route needs a key', async () => {
      for (const [method, url] of [
        ['GET', '/queues'],
        ['GET', '/queues/q'],
        ['PUT', '/queues/q'],
        ['POST', '/queues/q/tasks'],
        ['GET', '/queues/q/tasks'],
        ['POST', '/queues/q/claims'],
        ['POST', '/queues/q/redrive'],
        ['POST', '/queues/q/pause'],
        ['POST', '/queues/q/resume'],
        ['POST', '/queues/q/tasks/batch'],
        ['DELETE', '/queues/q/tasks'],
        ['DELETE', '/queues/q'],
        ...['/tasks/t', '/queues/q/tasks/t'].flatMap((task) => [
          ['GET', task] as const,
          ...['heartbeat', 'complete', 'fail', 'release', 'redrive', 'cancel'].map(
            (action) => ['POST', `${task}/${action}`] as const,
          ),
        ]),
      ] as const)
        expect(await service.app.inject({ method, url })).toEqual(problem(401, 'UNAUTHORIZED'));
    });
  });
}
