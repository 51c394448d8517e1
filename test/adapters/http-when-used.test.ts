import { describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { HttpTaskRunner } from '../../src/adapters/http/task-runner.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { httpService } from '../helpers/http-service.ts';

describe('an HTTP client that cannot be loaded', () => {
  it('is another try for the task, and is loaded with the next one', async () => {
    let failures = 1;
    jest.unstable_mockModule('axios', () => {
      if (failures-- > 0) throw new Error('EMFILE: too many open files');
      return { default: axios };
    });
    const service = await httpService((_, response) => response.end('1'));
    const runner = new HttpTaskRunner(new FakeClock());
    const call = { taskId: 'task-1', queue: 'mail', attempt: 1, deliveries: 1, payload: 'null' };
    const run = () =>
      runner.run(call, { url: service.url, timeoutMs: 10_000, concurrency: 1 }, new AbortController().signal);

    expect(await run()).toEqual({ kind: 'retry', error: expect.stringContaining('EMFILE') });
    expect(await run()).toEqual({ kind: 'success', result: '1' });
    await service.close();
  });
});
