import { createHmac, randomBytes } from 'node:crypto';
import type http from 'node:http';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AllowedHosts } from '../../src/adapters/http/allowed-hosts.ts';
import { HttpTaskRunner } from '../../src/adapters/http/task-runner.ts';
import type { RunnerSettings } from '../../src/domain/tasks/queue.ts';
import type { RunOutcome } from '../../src/ports/tasks.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { type HttpService, httpService, type ReceivedCall } from '../helpers/http-service.ts';

const KIB = 1024;
const bomb = gzipSync(Buffer.alloc(50 * KIB * KIB));
const brotliBomb = brotliCompressSync(Buffer.alloc(50 * KIB * KIB), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
});
const call = { taskId: 'task-1', queue: 'mail', attempt: 3, deliveries: 5, payload: '{"to":"ü","n":[1,null]}' };

describe('the HTTP runner', () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12));
  const runner = new HttpTaskRunner(clock, AllowedHosts.every);
  const never = new AbortController().signal;
  let service: HttpService | undefined;
  afterEach(async () => {
    await service?.close();
    service = undefined;
  });

  async function run(
    answer: (response: http.ServerResponse) => void,
    {
      timeoutMs = 10_000,
      path = '/',
      cancel = never,
      ...settings
    }: Partial<RunnerSettings> & { path?: string; cancel?: AbortSignal } = {},
  ): Promise<RunOutcome> {
    service = await httpService((_, response) => answer(response));
    return runner.run(call, { ...settings, url: service.url + path, timeoutMs, concurrency: 1 }, cancel);
  }
  const received = () => (service as HttpService).calls[0] as ReceivedCall;

  it('sends the task, its id as idempotency key, the attempt, and how often it was claimed', async () => {
    await run((response) => response.end(), { path: '/do/it?now=1' });

    const { method, path, headers, body } = received();
    expect([method, path]).toEqual(['POST', '/do/it?now=1']);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'task-1',
      'portside-attempt': '3',
      'portside-delivery': '5',
    });
    expect(headers).not.toHaveProperty('portside-signature');
    expect(JSON.parse(body)).toEqual({
      taskId: 'task-1',
      queue: 'mail',
      attempt: 3,
      payload: { to: 'ü', n: [1, null] },
    });
  });

  it('sends the headers of the queue, in place of its own', async () => {
    await run((response) => response.end(), {
      headers: { Authorization: 'Bearer x', 'USER-AGENT': 'mail', 'x-a': 'b' },
    });

    expect(received().headers).toMatchObject({ authorization: 'Bearer x', 'user-agent': 'mail', 'x-a': 'b' });
  });

  it('sends user and password of the address, unless a header says otherwise', async () => {
    for (const headers of [undefined, { authorization: 'Bearer x' }]) {
      service = await httpService((_, response) => response.end());
      const url = service.url.replace('//', '//us%3Aer:p%40ss@');
      await runner.run(call, { url, timeoutMs: 5_000, concurrency: 1, ...(headers ? { headers } : {}) }, never);
      const basic = `Basic ${Buffer.from('us:er:p@ss').toString('base64')}`;
      expect(received().headers.authorization).toBe(headers ? 'Bearer x' : basic);
      await service.close();
    }
    service = undefined;
  });

  it('signs the time and the body with the secret', async () => {
    await run((response) => response.end(), { secret: 'sixteen letters!' });

    const { headers, body } = received();
    const seconds = Date.UTC(2026, 0, 1, 12) / 1_000;
    const mac = createHmac('sha256', 'sixteen letters!').update(`${seconds}.${body}`).digest('hex');
    expect(headers['portside-signature']).toBe(`t=${seconds},v1=${mac}`);
  });

  it('uses no proxy of the environment', async () => {
    const proxy = await httpService((_, response) => response.writeHead(502).end());
    const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
    for (const name of names) process.env[name] = proxy.url;
    try {
      expect(await run((response) => response.end('"direct"'))).toEqual({ kind: 'success', result: '"direct"' });
    } finally {
      for (const name of names) delete process.env[name];
      await proxy.close();
    }
    expect(proxy.calls).toEqual([]);
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

    it.each([
      ['gzip', gzipSync],
      ['X-Gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
      ['identity', Buffer.from],
    ])('that is compressed: %s', async (encoding, compress) => {
      for (const text of ['{"zip":true}', 'a'.repeat(32 * KIB)]) {
        const outcome = await run((response) =>
          response.setHeader('content-encoding', encoding).end(compress(Buffer.from(text))),
        );
        const result = text.startsWith('{') ? text : JSON.stringify(text);
        expect(outcome).toEqual({ kind: 'success', result });
        await service?.close();
      }
      service = undefined;
    });

    it('of incompressible data with 32 KiB', async () => {
      const text = randomBytes(24 * KIB).toString('base64');
      const outcome = await run((response) =>
        response.setHeader('content-encoding', 'gzip').end(gzipSync(text, { level: 0 })),
      );
      expect(outcome).toEqual({ kind: 'success', result: JSON.stringify(text) });
    });

    it.each([
      ['longer than 32 KiB', 'more than 32768 bytes', {}, 'a'.repeat(32 * KIB + 1)],
      ['longer once it is unzipped', 'more than 32768 bytes', { 'content-encoding': 'gzip' }, bomb],
      ['longer once it is unbrotlied', 'more than 32768 bytes', { 'content-encoding': 'br' }, brotliBomb],
      ['gzip without its end', 'Content-Encoding', { 'content-encoding': 'gzip' }, gzipSync('{"a":1}').subarray(0, -9)],
      ['marked as gzip and is not', 'Content-Encoding', { 'content-encoding': 'gzip' }, '{"done":true}'],
      ['marked as brotli and is not', 'Content-Encoding', { 'content-encoding': 'br' }, '{"done":true}'],
      ['encoded in an unknown way', 'Content-Encoding', { 'content-encoding': 'zip, gzip' }, '{"done":true}'],
    ])('without the result if the body is %s', async (_, remark, headers, body) => {
      expect(await run((response) => response.writeHead(200, headers).end(body))).toEqual({
        kind: 'success',
        remark: expect.stringMatching(new RegExp(`^.*${remark}.*\\.$`)),
      });
    });

    it('without reading an endless body', async () => {
      const outcome = await run((response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('a'.repeat(KIB)));
        };
        response.on('drain', more);
        more();
      });
      expect(outcome).toEqual({ kind: 'success', remark: expect.stringContaining('more than 32768 bytes') });
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
  });

  describe('has another try after', () => {
    it.each([408, 425, 429, 500, 501, 502, 503, 504, 599])('%i', async (status) => {
      expect(await run((response) => response.writeHead(status).end('later'))).toEqual({
        kind: 'retry',
        status,
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
      ['Monkey 12', undefined],
      ['Thu, 99 Jan 2026 12:01:30 GMT', undefined],
      ['1e3', undefined],
      ['2147483', 2_147_483_000],
      ['2147484', 2_147_483_647],
      ['9'.repeat(400), 2_147_483_647],
      ['Fri, 01 Jan 9999 00:00:00 GMT', 2_147_483_647],
    ])('the time that Retry-After: %s asks for', async (header, retryAfterMs) => {
      const outcome = await run((response) => response.writeHead(503, { 'retry-after': header }).end());
      expect(outcome).toEqual({ kind: 'retry', status: 503, error: 'The service answered 503.', retryAfterMs });
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

    it('a refusal with a body that is compressed, or cannot be read', async () => {
      const gzip = { 'content-encoding': 'gzip' };
      for (const [body, error] of [
        [gzipSync('too busy'), 'The service answered 503: too busy'],
        [gzipSync('x'.repeat(500 * KIB)), `The service answered 503: ${'x'.repeat(1_000)}`],
        ['plain', 'The service answered 503.'],
      ] as const) {
        const outcome = await run((response) => response.writeHead(503, gzip).end(body));
        expect(outcome).toEqual({ kind: 'retry', status: 503, error });
        await service?.close();
      }
      service = undefined;
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
});
