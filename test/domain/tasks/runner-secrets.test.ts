import { describe, expect, it } from '@jest/globals';
import { type QueueDraft, queueSettings, type RunnerSettings } from '../../../src/domain/tasks/queue.ts';
import { withoutSecrets, withSecrets } from '../../../src/domain/tasks/runner-secrets.ts';

const SECRET = '0123456789abcdef';
const runnerOf = (runner: Partial<RunnerSettings>): RunnerSettings => ({
  url: 'https://example.org/run',
  timeoutMs: 1,
  concurrency: 1,
  ...runner,
});
const shown = (runner: Partial<RunnerSettings>) =>
  withoutSecrets(queueSettings('q', { runner: runnerOf(runner) })).runner;
const complete = (runner: Partial<RunnerSettings>, stored: Partial<RunnerSettings> | undefined) =>
  withSecrets({ runner: runnerOf(runner) }, stored && runnerOf(stored)).runner;

describe('what is shown of a runner', () => {
  it.each([
    ['https://example.org/run', 'https://example.org/run'],
    ['https://user:word@example.org/run?x=a@b', 'https://***@example.org/run?x=a@b'],
    ['http://user@example.org', 'http://***@example.org'],
    ['HTTPS://a@b:c@example.org:8443#@x', 'HTTPS://***@example.org:8443#@x'],
    ['https://example.org/@user', 'https://example.org/@user'],
    ['https://example.org?at=@', 'https://example.org?at=@'],
    ['https://:@example.org', 'https://***@example.org'],
    ['https://@example.org', 'https://***@example.org'],
  ])('of the address %s: %s', (url, expected) => {
    expect(shown({ url })?.url).toBe(expected);
  });

  it('names headers and that there is a secret, and no value of either', () => {
    const runner = { headers: { Authorization: 'Bearer x', constructor: 'y' }, secret: SECRET, ratePerSecond: 2 };
    expect(shown(runner)).toEqual(
      runnerOf({ headers: { Authorization: '***', constructor: '***' }, secret: '***', ratePerSecond: 2 }),
    );
  });

  it('is all of it where nothing is secret, and nothing where there is none', () => {
    expect(shown({})).toEqual(runnerOf({}));
    expect(withoutSecrets(queueSettings('q'))).toEqual(queueSettings('q'));
  });
});

describe('what is put as it was shown', () => {
  it.each<Partial<RunnerSettings>>([
    {},
    { url: 'https://user:word@example.org/run' },
    { url: 'https://@example.org/run' },
    { url: 'http://a@b@example.org:81?c=***', secret: SECRET },
    { headers: { Authorization: 'Bearer x', 'X-B': 'y', constructor: 'z', toString: 'w' }, secret: SECRET },
    { headers: {} },
    // Somebody may mean it.
    { headers: { 'X-A': '***' } },
  ])('stays as it is: %j', (runner) => {
    expect(complete(shown(runner) as RunnerSettings, runner)).toEqual(runnerOf(runner));
  });

  it('may stand beside what is new, and take another path', () => {
    const stored = { url: 'https://u@example.org/a', headers: { A: '1', B: '2' }, secret: SECRET };
    const given = { url: 'https://***@EXAMPLE.org:443/b', headers: { A: '***', C: '3' }, secret: `${SECRET}!` };
    expect(complete(given, stored)).toEqual(
      runnerOf({ url: 'https://u@EXAMPLE.org:443/b', headers: { A: '1', C: '3' }, secret: `${SECRET}!` }),
    );
  });

  it.each([
    ['https://example.org/other', true],
    ['https://example.org:443/run?x', true],
    ['HTTPS://Example.ORG/run', true],
    ['https://somebody@example.org/run', true],
    ['http://example.org/run', false],
    ['https://example.org:8443/run', false],
    ['https://example.org:80/run', false],
    ['https://example.com/run', false],
    ['https://example.org.evil.net/run', false],
    ['https://example.org@evil.net/run', false],
    ['https://evil.net/https://example.org/run', false],
    ['https://evil.net?@example.org', false],
    ['https://evil.net#@example.org', false],
  ])('keeps its secrets to the same scheme, host and port: %s, %s', (url, isSamePlace) => {
    const stored = { headers: { A: 'x' }, secret: SECRET };
    const put = () => complete({ url, headers: { A: '***' }, secret: '***' }, stored);
    if (isSamePlace) expect(put()).toEqual(runnerOf({ ...stored, url }));
    else expect(put).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  });

  it.each<[string, Partial<RunnerSettings>, Partial<RunnerSettings> | undefined, readonly string[]]>([
    ['there is no runner', { secret: '***' }, undefined, ['runner.secret']],
    ['the runner has none', { secret: '***', headers: { A: '***' } }, {}, ['runner.headers.A', 'runner.secret']],
    ['the header is another', { headers: { A: '***' } }, { headers: { a: 'x' } }, ['runner.headers.A']],
    [
      'the name is one of objects',
      { headers: { constructor: '***' } },
      { headers: { a: 'x' } },
      ['runner.headers.constructor'],
    ],
    ['the address has no user', { url: 'https://***@example.org' }, {}, ['runner.url']],
  ])('is refused when %s', (_, given, stored, paths) => {
    const issues = paths.map((path) => expect.objectContaining({ path }));
    expect(() => complete(given, stored)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST', issues }));
  });

  it('leaves a draft without a runner alone', () => {
    const draft: QueueDraft = { order: 'fifo' };
    expect(withSecrets(draft, runnerOf({ secret: SECRET }))).toBe(draft);
  });
});
