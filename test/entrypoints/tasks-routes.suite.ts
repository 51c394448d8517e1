import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { useCases } from '../../src/entrypoints/composition/tasks/tokens.ts';
import { authorization, type EmbeddedApp } from '../helpers/embedded-app.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const KIB = 1024;

/**
 * What the routes of tasks do, whatever they are kept in.
 *
 * @param bulk whether there is time for thousands of tasks
 * @param approximate the figures that the store says are not exact
 */
export function describeTasksRoutes(
  name: string,
  open: () => Promise<EmbeddedApp>,
  { bulk, approximate }: { readonly bulk: boolean; readonly approximate?: readonly string[] },
): void {
  describe(`tasks over HTTP: ${name}`, () => {
    let service: EmbeddedApp;
    let conforms: ReturnType<typeof conformanceTo>;
    let queueCount = 0;
    beforeAll(async () => {
      service = await open();
      conforms = conformanceTo((await service.app.inject('/openapi.json')).json());
    });
    afterAll(() => service.close());

    const newQueue = (): string => `queue-${++queueCount}`;
    const iso = (offsetMs = 0): string => new Date(service.clock.now() + offsetMs).toISOString();
    const sweep = (): Promise<void> => service.container.get(useCases.sweepTasks).execute();

    /** Every answer must be as the service publishes it. */
    async function request(method: 'GET' | 'POST' | 'PUT', url: string, payload?: object, headers = {}) {
      const answer = await service.app.inject({ method, url, payload, headers: { ...authorization, ...headers } });
      const { statusCode: status, body } = answer;
      expect(
        conforms({ method, url }, { status, headers: answer.headers as Record<string, string>, body }),
      ).toBeUndefined();
      return answer;
    }
    const get = (url: string) => request('GET', url);
    const post = (url: string, payload: object = {}, headers = {}) => request('POST', url, payload, headers);
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
          maxAttempts: 5,
          payload: { to: 'ü 🙂', n: [1.5, null, true] },
          createdAt: iso(),
          notBefore: iso(),
          expiresAt: iso(3_600_000),
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

      it('counts delay and deadline from now', async () => {
        const terms = { delaySeconds: 2_592_000, expiresInSeconds: 2_592_000, maxAttempts: 100 };
        const answer = await post(`/queues/${newQueue()}/tasks`, { payload: 1, ...terms });

        expect(answer.json()).toMatchObject({
          maxAttempts: 100,
          notBefore: iso(2_592_000_000),
          expiresAt: iso(2_592_000_000),
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
              fence: expect.stringMatching(/./),
              leaseUntil: iso(43_200_000),
            },
            {
              taskId: ids[1],
              payload: 'two',
              attempt: 1,
              fence: expect.stringMatching(/./),
              leaseUntil: iso(43_200_000),
            },
          ],
        });
        expect(await taskOf(ids[1] as string)).toMatchObject({
          status: 'TAKEN',
          claimedAt: iso(),
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

      it('keeps its task by heartbeats, for as long as the queue or the heartbeat says', async () => {
        const { queue, taskId, fence } = await held();
        service.clock.advance(9_000);
        expect((await post(`/tasks/${taskId}/heartbeat`, { fence })).json()).toMatchObject({ leaseUntil: iso(30_000) });
        expect((await post(`/tasks/${taskId}/heartbeat`, { fence, leaseSeconds: 60 })).json()).toMatchObject({
          status: 'TAKEN',
          attempt: 1,
          leaseUntil: iso(60_000),
        });
        service.clock.advance(59_999);
        expect(await claim(queue)).toBeUndefined();
      });

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
          error: 'late',
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
        expect(answer.json()).toMatchObject({ status: 'PENDING', attempt: 0, expiresAt: iso(3_600_000), error: 'no' });
        expect(answer.json()).not.toHaveProperty('finishedAt');
        expect(await queueOf(queue)).toMatchObject({
          pending: 2,
          deadLetters: 0,
          counters: { failed: 1, redriven: 1 },
        });
        expect((await claim(queue)).taskId).toBe(newer);
        expect(await claim(queue)).toMatchObject({ taskId, attempt: 1 });
      });

      it('refuses every other status', async () => {
        const queue = newQueue();
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
          const [enqueueTask, claimTasks, failTask] = [
            service.container.get(useCases.enqueueTask),
            service.container.get(useCases.claimTasks),
            service.container.get(useCases.failTask),
          ];
          for (let count = 0; count < 1_003; count++) await enqueueTask.execute(queue, { payload: null });
          const [claimed = []] = await claimTasks.execute(queue, [{ max: 1_003 }]);
          for (const { taskId, fence = '' } of claimed)
            await failTask.execute(taskId, fence, { error: 'no', retry: false });

          expect((await post(`/queues/${queue}/redrive`)).json()).toEqual({ redriven: 1_000 });
          expect((await post(`/queues/${queue}/redrive`)).json()).toEqual({ redriven: 3 });
          expect((await post(`/queues/${queue}/redrive`)).json()).toEqual({ redriven: 0 });
          expect(await queueOf(queue)).toMatchObject({ pending: 1_003, deadLetters: 0, counters: { redriven: 1_003 } });
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
          deadlineSeconds: 3_600,
          maxPending: 100_000,
          leaseSeconds: 30,
          maxAttempts: 5,
          effectiveOrder: 'lifo',
          pending: 2,
          taken: 0,
          deadLetters: 0,
          oldestPendingAgeMs: 2_000,
          newestPendingAgeMs: 500,
          throughputPerSecond: 0,
          counters: { enqueued: 2, succeeded: 0, failed: 0, shed: 0, redriven: 0, refused: 0 },
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
          runner: { url: 'http://127.0.0.1:1/x?y=z', timeoutMs: 900_000, concurrency: 100, ratePerSecond: 0.01 },
        };

        const put = await request('PUT', `/queues/${queue}`, settings);
        expect(put.statusCode).toBe(200);
        expect(put.json()).toEqual({ queue, ...settings });
        expect(await queueOf(queue)).toMatchObject({ ...settings, effectiveOrder: 'fifo', oldestPendingAgeMs: null });

        const again = await request('PUT', `/queues/${queue}`, { runner: { url: 'https://example.org' } });
        expect(again.json()).toEqual({
          queue,
          order: 'lifo',
          deadlineSeconds: 3_600,
          maxPending: 100_000,
          leaseSeconds: 30,
          maxAttempts: 5,
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
        { runner: { url: 'http://example.org', timeoutMs: 99 } },
        { runner: { url: 'http://example.org', timeoutMs: 900_001 } },
        { runner: { url: 'http://example.org', concurrency: 0 } },
        { runner: { url: 'http://example.org', concurrency: 101 } },
        { runner: { url: 'http://example.org', ratePerSecond: 0.009 } },
        { runner: { url: 'http://example.org', ratePerSecond: 10_001 } },
        { queue: 'q' },
      ])('is not configured with %j', async (settings) => {
        const queue = newQueue();
        expect(await request('PUT', `/queues/${queue}`, settings)).toEqual(problem(400, 'INVALID_REQUEST'));
        expect((await get(`/queues/${queue}`)).statusCode).toBe(404);
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
        ['GET', '/tasks/t'],
        ['POST', '/tasks/t/heartbeat'],
        ['POST', '/tasks/t/complete'],
        ['POST', '/tasks/t/fail'],
        ['POST', '/tasks/t/release'],
        ['POST', '/tasks/t/redrive'],
      ] as const)
        expect(await service.app.inject({ method, url })).toEqual(problem(401, 'UNAUTHORIZED'));
    });
  });
}
