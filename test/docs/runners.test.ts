import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AllowedHosts } from '../../src/adapters/http/allowed-hosts.ts';
import { HttpTaskRunner } from '../../src/adapters/http/task-runner.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { httpService } from '../helpers/http-service.ts';
import { readFromProject } from '../helpers/project.ts';

type Check = (signature: string | undefined, body: string, secret: string) => boolean;

const secret = 'a-secret-of-16-characters-or-more';

describe('docs/runners.md', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('shows how a service checks that a call is genuine and new', async () => {
    const [, code = ''] = readFromProject('docs/runners.md').match(/^```js\n(.*?)^```$/ms) ?? [];
    const { isFromPortside } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      isFromPortside: Check;
    };
    const service = await httpService((_, response) => response.end());
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const runner = new HttpTaskRunner(clock, AllowedHosts.every);
    const call = { taskId: 'task-1', queue: 'mail', attempt: 1, deliveries: 1, payload: '{"to":"ü"}' };
    const settings = { url: service.url, timeoutMs: 5_000, concurrency: 1, secret };
    await runner.run(call, settings, new AbortController().signal);
    await service.close();
    const { headers, body = '' } = service.calls[0] ?? {};
    const signature = String(headers?.['portside-signature']);

    const now = jest.spyOn(Date, 'now').mockReturnValue(clock.now() + 60_000);
    expect(isFromPortside(signature, body, secret)).toBe(true);
    expect(isFromPortside(signature, body.replace('ü', 'u'), secret)).toBe(false);
    expect(isFromPortside(signature, body, `${secret}!`)).toBe(false);
    expect(isFromPortside(signature.replace(/t=\d/, 't=2'), body, secret)).toBe(false);
    expect(isFromPortside(undefined, body, secret)).toBe(false);
    now.mockReturnValue(clock.now() + 301_000);
    expect(isFromPortside(signature, body, secret)).toBe(false);
  });
});
