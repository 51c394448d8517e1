import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

let service: EmbeddedApp;
const lines: LogLine[] = [];
beforeAll(async () => {
  service = await embeddedApp({}, { log: { write: (line) => void lines.push(JSON.parse(line)) } });
});
afterAll(() => service.close());
beforeEach(() => void lines.splice(0));

async function send(method: 'POST' | 'PUT' | 'DELETE', url: string, payload?: object, headers = {}): Promise<number> {
  const answer = await service.app.inject({ method, url, payload, headers: { ...authorization, ...headers } });
  return answer.statusCode;
}

/** The event lines since the last test, each with who it was. */
const events = () =>
  lines
    .filter((line) => 'before' in line)
    .map(({ msg, before, after, subject, address, requestId }) => {
      expect([subject, address, requestId]).toEqual(['key:test', '127.0.0.1', expect.stringMatching(/./)]);
      return [msg, before, after];
    });

describe('the log of changes', () => {
  it('says what a limit was and is, and names no key of it', async () => {
    const rate = { requests: 1, perSeconds: 1, burst: 1 };
    await send('PUT', '/limits/named', { rate });
    await send('PUT', '/limits/named', { rate, mode: 'shadow' });
    await send('DELETE', '/limits/named/keys/a-person');
    await send('DELETE', '/limits/named');

    const [was, is] = ['enforce', 'shadow'].map((mode) => expect.objectContaining({ rate, mode }));
    expect(events()).toEqual([
      ['limit created', null, was],
      ['limit changed', was, is],
      ['limit deleted', is, null],
    ]);
    expect(lines.find(({ msg }) => msg === 'key of a limit reset')).toMatchObject({ limit: 'named' });
  });

  it('says what a stock was and is', async () => {
    const [first, second] = [{ value: '97.00', currency: 'EUR' }, { value: '98.5' }];
    await send('PUT', '/stock/NEW', first);
    await send('PUT', '/stock/NEW', second);
    await send('DELETE', '/stock/NEW');
    await send('DELETE', '/stock/NEW');

    const [was, is] = [first, { ...first, ...second }].map((stock) => expect.objectContaining(stock));
    expect(events()).toEqual([
      ['stock created', null, was],
      ['stock changed', was, is],
      ['stock deleted', is, null],
    ]);
    expect(lines.find(({ msg }) => msg === 'stock created')).toMatchObject({ stock: 'NEW' });
  });

  it('says what a queue was and is, without what is secret in it', async () => {
    const runner = {
      url: 'https://user:secret-of-url@jobs.example.org/run?token=secret-of-query',
      headers: { authorization: 'secret-of-header' },
    };
    await send('PUT', '/queues/mails', { runner });
    await send('POST', '/queues/mails/pause');
    await send('POST', '/queues/mails/resume');
    await send('PUT', '/queues/mails', { maxAttempts: 3 }, { 'if-match': '"another"' });
    await send('PUT', '/queues/mails', { maxAttempts: 3 });
    await send('DELETE', '/queues/mails');

    const queue = (facts: object) => expect.objectContaining(facts);
    expect(events()).toEqual([
      ['queue created', null, queue({ paused: false, maxAttempts: 20 })],
      ['queue changed', queue({ paused: false }), queue({ paused: true })],
      ['queue changed', queue({ paused: true }), queue({ paused: false })],
      ['queue changed', queue({ maxAttempts: 20 }), queue({ maxAttempts: 3 })],
      ['queue deleted', queue({ maxAttempts: 3 }), null],
    ]);
    expect(JSON.stringify(lines)).toContain('jobs.example.org');
    expect(JSON.stringify(lines)).not.toContain('secret-of');
  });

  it('says what a flag was and is, and not whom its rules name', async () => {
    await send('POST', '/flag-sets', { setId: 'web' });
    const rule = { if: [{ attribute: 'email', op: 'in', values: ['ann@example.org'] }], serve: 'on' };
    const flag = { type: 'boolean', variants: { on: true, off: false }, defaultVariant: 'off', state: 'ENABLED' };
    await send('PUT', '/flag-sets/web/flags/new', { ...flag, rules: [rule] });

    expect(events().at(-1)).toEqual([
      'flag created',
      null,
      expect.objectContaining({
        defaultVariant: 'off',
        rules: [{ if: [{ attribute: 'email', op: 'in', values: 1 }], serve: 'on' }],
      }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('ann@example.org');
  });

  it('says what a poll was and is, and nothing of its voters', async () => {
    await send('POST', '/polls', { pollId: 'lunch', question: 'Where to?', choices: ['Soup', 'Salad'] });
    await send('POST', '/polls/lunch/votes', { choice: 'Soup', voter: 'ann@example.org' });
    await send('POST', '/polls/lunch/close');

    expect(events()).toEqual([
      ['poll created', null, expect.objectContaining({ question: 'Where to?', status: 'open' })],
      ['poll changed', expect.objectContaining({ status: 'open' }), expect.objectContaining({ closedBy: 'test' })],
    ]);
    expect(JSON.stringify(lines)).not.toContain('ann@example.org');
  });
});
