import { afterEach, describe, expect, it } from '@jest/globals';
import { ports } from '../../src/entrypoints/composition/tasks/tokens.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { type HttpService, httpService } from '../helpers/http-service.ts';
import { putQueue } from '../helpers/queues.ts';

describe('RUNNER_HOSTS', () => {
  let service: EmbeddedApp | undefined;
  let downstream: HttpService | undefined;
  afterEach(async () => {
    await Promise.all([service?.close(), downstream?.close()]);
    service = downstream = undefined;
  });
  const request = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) => {
    const answer = await (service as EmbeddedApp).app.inject({ method, url, payload, headers: authorization });
    return { status: answer.statusCode, body: answer.json() };
  };

  const PUBLIC = 'https://jobs.example.org/';
  const LOCAL = 'http://127.0.0.1:9/';
  it.each([
    ['every host on a machine of one’s own', {}, [PUBLIC, LOCAL, 'http://169.254.169.254/'], []],
    ['every host, also listening by name', { HOST: 'localhost' }, [PUBLIC, LOCAL], []],
    ['public addresses for a service that others reach', { HOST: '0.0.0.0' }, [PUBLIC], [LOCAL, 'http://localhost/']],
    ['public addresses behind an address', { PUBLIC_BASE_URL: 'https://votes.example.org' }, [PUBLIC], [LOCAL]],
    ['what is listed', { RUNNER_HOSTS: '*.example.org, 10.0.0.0/8' }, [PUBLIC, 'http://10.1.1.1/'], [LOCAL]],
    ['what is listed', { RUNNER_HOSTS: '127.0.0.0/8', HOST: '0.0.0.0' }, [LOCAL], ['http://8.8.8.8/']],
  ])('lets runners name %s (%j)', async (_, env, allowed, refused) => {
    service = await embeddedApp(env);
    for (const url of allowed)
      expect(await request('PUT', '/queues/q', { runner: { url } })).toMatchObject({ status: 200 });
    for (const url of refused)
      expect(await request('PUT', '/queues/q', { runner: { url } })).toMatchObject({
        status: 400,
        body: {
          code: 'INVALID_REQUEST',
          errors: [{ path: 'runner.url', message: expect.stringContaining('RUNNER_HOSTS') }],
        },
      });
  });

  it('fails a task whose queue was configured before with what it does not let runners call', async () => {
    downstream = await httpService((_, response) => response.end('"internal"'));
    service = await embeddedApp({ HOST: '0.0.0.0' });
    await request('PUT', '/queues/q', { runner: { url: 'https://jobs.example.org/' } });
    const queues = service.container.get(ports.queues);
    const queue = await queues.get('q');
    if (!queue?.runner) throw new Error('no runner');
    await putQueue(queues, { ...queue, runner: { ...queue.runner, url: downstream.url } });

    const { taskId } = (await request('POST', '/queues/q/tasks', { payload: 1 })).body;
    const { body } = await eventually(
      () => request('GET', `/tasks/${taskId}`),
      ({ body }) => body.status === 'FAILURE',
    );
    expect(body).toMatchObject({ attempt: 1, error: expect.stringContaining('RUNNER_HOSTS') });
    expect(downstream.calls).toEqual([]);
  });
});
