import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpTaskRunner } from '../../src/adapters/http/task-runner.ts';
import type { RunOutcome } from '../../src/ports/tasks.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { type HttpService, httpService, type ReceivedCall } from '../helpers/http-service.ts';

const KIB = 1024;
const call = { taskId: 'task-1', queue: 'mail', attempt: 3, deliveries: 4, payload: '{"to":"ü","n":[1,null]}' };

describe('the HTTP runner', () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12));
  const runner = new HttpTaskRunner(clock);
  const never = new AbortController().signal;
  let service: HttpService | undefined;
  afterEach(async () => {
    await service?.close();
    service = undefined;
  });

  async function run(
    answer: (response: http.ServerResponse) => void,
    { timeoutMs = 10_000, path = '/', cancel = never } = {},
  ): Promise<RunOutcome> {
    service = await httpService((_, response) => answer(response));
    return runner.run(call, { url: service.url + path, timeoutMs, concurrency: 1 }, cancel);
  }

  it('sends the task, its id as idempotency key, and the attempt', async () => {
    await run((response) => response.end(), { path: '/do/it?now=1' });

    const { method, path, headers, body } = (service as HttpService).calls[0] as ReceivedCall;
    expect([method, path]).toEqual(['POST', '/do/it?now=1']);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'task-1',
      'portside-attempt': '3',
    });
    expect(JSON.parse(body)).toEqual({
      taskId: 'task-1',
      queue: 'mail',
      attempt: 3,
      payload: { to: 'ü', n: [1, null] },
    });
  });

  describe('takes 2xx for success', () => {
    it.each([
      ['JSON', 200, ' {"a": [1, "ü"]}\n', '{"a":[1,"ü"]}'],
      ['null', 200, 'null', 'null'],
      ['text', 201, 'done ü', '"done ü"'],
      ['JSON that is cut off', 200, '{"a":', '"{\\"a\\":"'],
      [
        'JSON nested without end',
        202,
        '['.repeat(10_000) + ']'.repeat(10_000),
        JSON.stringify('['.repeat(10_000) + ']'.repeat(10_000)),
      ],
      ['numbers that come back as they are', 200, '[0.1, 1.0, 1e3, -0]', '[0.1,1,1000,0]'],
      ['a number of more digits than are kept', 200, '{"id": 9007199254740993}', '"{\\"id\\": 9007199254740993}"'],
      ['a number beyond all bounds', 200, '[1e400]', '"[1e400]"'],
      ['nothing', 204, '', undefined],
      ['an empty body', 299, '', undefined],
    ])('with %s', async (_, status, body, result) => {
      expect(await run((response) => response.writeHead(status).end(body))).toEqual({ kind: 'success', result });
    });

    it('with a body of up to 32 KiB', async () => {
      for (const text of ['a'.repeat(32 * KIB), '\n'.repeat(32 * KIB)]) {
        const result = JSON.stringify(text);
        expect(await run((response) => response.end(text))).toEqual({ kind: 'success', result });
        await service?.close();
      }
    });

    it('that is compressed', async () => {
      const outcome = await run((response) =>
        response.setHeader('content-encoding', 'gzip').end(gzipSync('{"zip":true}')),
      );
      expect(outcome).toEqual({ kind: 'success', result: '{"zip":true}' });
    });
  });

  describe('gives up on', () => {
    it.each([300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 409, 410, 413, 422, 451])('%i', async (status) => {
      const outcome = await run((response) => {
        response.writeHead(status, { location: '/elsewhere', 'retry-after': '1' }).end(status === 304 ? '' : 'because');
      });

      expect(outcome).toEqual({ kind: 'failure', error: expect.stringMatching(`answered ${status}(: because)?`) });
      expect(service?.calls).toHaveLength(1);
    });

    it('a result of more than 32 KiB, without reading to its end', async () => {
      const outcome = await run((response) => response.end('a'.repeat(32 * KIB + 1)));
      expect(outcome).toEqual({ kind: 'failure', error: expect.stringContaining('larger than 32768 bytes') });
      await service?.close();

      const endless = await run((response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('a'.repeat(KIB)));
        };
        response.on('drain', more);
        more();
      });
      expect(endless.kind).toBe('failure');
      await service?.close();

      const bomb = gzipSync(Buffer.alloc(50 * KIB * KIB));
      const unzipped = await run((response) => response.setHeader('content-encoding', 'gzip').end(bomb));
      expect(unzipped.kind).toBe('failure');
    });
  });

  describe('has another try after', () => {
    it.each([408, 425, 429, 500, 501, 502, 503, 504, 599])('%i', async (status) => {
      expect(await run((response) => response.writeHead(status).end('later'))).toEqual({
        kind: 'retry',
        error: `The service answered ${status}: later`,
      });
    });

    it.each([
      ['30', 30_000],
      ['0', 0],
      ['Thu, 01 Jan 2026 12:01:30 GMT', 90_000],
      ['Thursday, 01-Jan-26 12:01:30 GMT', 90_000],
      ['Thu Jan  1 12:01:30 2026', 90_000],
      ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
      ['soon', undefined],
      ['-5', undefined],
      ['1.5', undefined],
      ['Thu, what', undefined],
    ])('the time that Retry-After: %s asks for', async (header, retryAfterMs) => {
      const outcome = await run((response) => response.writeHead(503, { 'retry-after': header }).end());
      expect(outcome).toEqual({ kind: 'retry', error: 'The service answered 503.', retryAfterMs });
    });

    it('a refusal with a long body, of which the beginning is kept', async () => {
      const outcome = await run((response) =>
        response.writeHead(503, { 'retry-after': '2' }).end('x'.repeat(500 * KIB)),
      );
      expect(outcome).toMatchObject({ kind: 'retry', retryAfterMs: 2_000 });
      expect((outcome as { error: string }).error.length).toBeLessThan(2_000);
    });

    it('a time-out, before the head, within the body, and drop by drop', async () => {
      const begin = performance.now();
      const late = { kind: 'retry', error: 'No full answer within 100 ms.' };
      expect(await run(() => undefined, { timeoutMs: 100 })).toEqual(late);
      await service?.close();
      expect(await run((response) => response.write('{'), { timeoutMs: 100 })).toEqual(late);
      await service?.close();
      const drops = await run(
        (response) => {
          const timer = setInterval(() => response.write(' '), 10);
          response.on('close', () => clearInterval(timer));
        },
        { timeoutMs: 100 },
      );
      expect(drops).toEqual(late);
      expect(performance.now() - begin).toBeLessThan(10_000);
    });

    it('no connection, a broken one, and an answer that is not HTTP', async () => {
      const closed = net.createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => closed.once('listening', resolve));
      const { port } = closed.address() as AddressInfo;
      await new Promise((resolve) => closed.close(resolve));
      const settings = { timeoutMs: 5_000, concurrency: 1 };
      const retry = (error: string) => ({ kind: 'retry', error: expect.stringContaining(error) });
      expect(await runner.run(call, { ...settings, url: `http://127.0.0.1:${port}` }, never)).toEqual(
        retry('ECONNREFUSED'),
      );
      expect(await runner.run(call, { ...settings, url: 'http://nowhere.invalid/' }, never)).toEqual(
        expect.objectContaining({ kind: 'retry' }),
      );
      expect(await run((response) => response.socket?.destroy())).toEqual(retry('ECONNRESET'));
      await service?.close();
      const cut = await run((response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half');
        setImmediate(() => response.socket?.destroy());
      });
      expect(cut).toEqual(retry('connection'));
      await service?.close();
      expect(await run((response) => response.socket?.end('hello\r\n\r\n'))).toEqual(retry('HPE_'));
    });
  });

  it('ends a call that is cancelled, before and after it began', async () => {
    const begin = performance.now();
    const controller = new AbortController();
    const cancelled = await run(() => controller.abort(), { cancel: controller.signal });
    expect(cancelled).toEqual({ kind: 'cancelled' });
    await service?.close();
    expect(await run((response) => response.end(), { cancel: controller.signal })).toEqual({ kind: 'cancelled' });
    expect(service?.calls).toEqual([]);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('leaves no timer and no listener behind', async () => {
    const controller = new AbortController();
    let listeners = 0;
    const counting = {
      aborted: false,
      addEventListener: (...listener: Parameters<AbortSignal['addEventListener']>) => {
        listeners++;
        controller.signal.addEventListener(...listener);
      },
      removeEventListener: () => listeners--,
    };
    await run((response) => response.end(), { cancel: counting as unknown as AbortSignal });
    expect(listeners).toBe(0);
  });

  it('keeps its connections open between calls', async () => {
    let sockets = 0;
    const server = http.createServer((request, response) => request.resume().on('end', () => response.end('ok')));
    server.on('connection', () => sockets++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (let count = 0; count < 5; count++) await runner.run(call, { url, timeoutMs: 5_000, concurrency: 1 }, never);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(sockets).toBe(1);
  });
});
