import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeSlack } from '../../demo/fake-slack.ts';
import { ports as tasksPorts } from '../../src/entrypoints/composition/tasks/tokens.ts';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually as until } from '../helpers/eventually.ts';
import { httpService } from '../helpers/http-service.ts';

const QUESTIONS = [{ id: 'why', text: 'Why?' }];
const VOTE_ID = 'mail-7-reader-4711-2b9c';

/** Until no expectation fails any more. */
const eventually = (check: () => Promise<void> | void) =>
  until(
    async () => {
      await check();
      return true;
    },
    (holds) => holds,
  );

let service: EmbeddedApp;
let slack: FakeSlack;
beforeEach(async () => {
  slack = await FakeSlack.start();
});
afterEach(async () => {
  await service.close();
  await slack.stop();
});

const start = async (env: Record<string, string>) => {
  service = await embeddedApp(env);
};
const withWebhook = () => start({ SLACK_WEBHOOK_URL: slack.webhookUrl });
const withBot = () =>
  start({ SLACK_BOT_TOKEN: 'xoxb-0123456789', SLACK_CHANNEL: 'C0123456789', SLACK_API_URL: slack.apiUrl });
const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
  service.app.inject({ method: 'POST', url, payload, headers });
const given = (notify: object, fields: object = {}) =>
  post(
    '/polls',
    { pollId: 'mails', question: 'Did you like it?', choices: ['UP', 'DOWN'], questions: QUESTIONS, notify, ...fields },
    authorization,
  );
const vote = (voteId = VOTE_ID) => post('/polls/mails/votes', { choice: 'UP', voteId });
const answer = (why: string, voteId = VOTE_ID) =>
  service.app.inject({ method: 'PUT', url: `/polls/mails/votes/${voteId}/answers`, payload: { answers: { why } } });
const waiting = async (queue: string) =>
  (await service.container.get(tasksPorts.queues).get(queue)) &&
  (await service.container.get(tasksPorts.tasks).stats(queue, service.clock.now()));

/** Lets time pass once the feedback lies in its queue. */
async function settle(queue = 'feedback-slack', seconds = 61): Promise<void> {
  await eventually(async () => expect((await waiting(queue))?.pending ?? 0).toBeGreaterThan(0));
  service.clock.advance(seconds * 1_000);
  await service.container.get(tasksPorts.notifier).notify([queue]);
}

describe('feedback that is told to Slack', () => {
  it('is told in one message, with what was said until then', async () => {
    await withWebhook();
    await given({ slack: true });
    await vote();
    await answer('The <!channel> *examples*');
    await settle();

    await eventually(() => expect(slack.messages).toHaveLength(1));
    const [message] = slack.messages;
    expect(message?.text).toContain('Did you like it?\nUP');
    expect(message?.text).toContain('Why?\nThe <!channel> *examples*');
    expect(message?.text).not.toContain('repeat');
    expect(JSON.stringify(message?.blocks)).not.toContain('mrkdwn');
    expect(JSON.stringify(slack.requests)).not.toContain(VOTE_ID);
  });

  it('changes the message with a bot when more is said', async () => {
    await withBot();
    await given({ slack: true });
    await vote();
    await settle();
    await eventually(() => expect(slack.messages).toHaveLength(1));
    await eventually(async () => expect((await waiting('feedback-slack'))?.taken).toBe(0));

    await answer('The examples.');
    await settle();
    await eventually(() => expect(slack.messages[0]?.changes).toBe(1));
    expect(slack.messages).toHaveLength(1);
    expect(slack.messages[0]?.text).toContain('The examples.');
  });

  it('says that a message may be a repeat where the answer to one was lost', async () => {
    await withWebhook();
    slack.moods.push('lost');
    await given({ slack: true });
    await vote();
    await settle();

    await eventually(() => expect(slack.messages).toHaveLength(1));
    // The retry comes after a wait that the clock decides.
    await eventually(async () => {
      service.clock.advance(5_000);
      await service.container.get(tasksPorts.notifier).notify(['feedback-slack']);
      expect(slack.messages).toHaveLength(2);
    });
    expect(slack.messages.map(({ text }) => text.includes('may be a repeat'))).toEqual([false, true]);
  });

  it('is told as a dead letter where Slack refuses it, with the word of Slack', async () => {
    await withBot();
    slack.moods.push('refusing');
    await given({ slack: true });
    await vote();
    await settle();

    await eventually(async () => expect((await waiting('feedback-slack'))?.deadLetters).toBe(1));
    const { items } = await service.container.get(tasksPorts.tasks).list('feedback-slack', 'FAILURE', { limit: 10 });
    expect(items[0]?.error).toBe('invalid_auth');
  });

  it('needs a Slack', async () => {
    await start({});
    const refused = await given({ slack: true });
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'VOTES_NO_SLACK']);
  });

  it('is a digest where more than 20 are due', async () => {
    await withWebhook();
    await given({ slack: true });
    for (let each = 0; each < 30; each++) await vote(`mail-7-reader-0000-${String(each).padStart(4, '0')}`);
    await eventually(async () => expect((await waiting('feedback-slack'))?.pending).toBe(30));
    service.clock.advance(61_000);
    await service.container.get(tasksPorts.notifier).notify(['feedback-slack']);

    await eventually(async () => expect((await waiting('feedback-slack'))?.counters.succeeded).toBe(30));
    expect(slack.messages).toHaveLength(1);
    expect(slack.messages[0]?.text).toContain('30 feedbacks: UP: 30');
  });
});

describe('feedback that is told to a service', () => {
  it('is posted under one key for each revision', async () => {
    const receiver = await httpService((_, response) => response.end());
    try {
      await start({});
      await given({ url: `${receiver.url}/feedback` });
      await vote();
      await answer('The examples.');
      await settle('feedback-url');

      await eventually(() => expect(receiver.calls).toHaveLength(1));
      const [request] = receiver.calls;
      expect(JSON.parse(request?.body ?? '')).toEqual({
        pollId: 'mails',
        ballot: expect.stringMatching(/^b[\w-]{43}$/),
        choice: 'UP',
        answers: { why: 'The examples.' },
        revision: 1,
        settledAt: expect.stringMatching(/Z$/),
      });
      expect(request?.headers['idempotency-key']).toMatch(/^fb-[\w-]{43}-1$/);
    } finally {
      await receiver.close();
    }
  });

  it.each([
    [{ url: 'ftp://example.org' }, 'notify.url'],
    [{ url: 'http://169.254.169.254/latest' }, 'notify.url'],
    [{}, 'notify'],
    [{ slack: true, url: 'https://example.org' }, 'notify'],
    [{ slack: false }, 'notify.slack'],
    [{ url: 'https://example.org', quietSeconds: 4 }, 'notify.quietSeconds'],
    [{ url: 'https://example.org', maxSeconds: 86_401 }, 'notify.maxSeconds'],
    [{ url: 'https://example.org', quietSeconds: 100, maxSeconds: 99 }, 'notify.maxSeconds'],
    [{ url: 'https://example.org', more: 1 }, 'notify.more'],
  ])('refuses a receiver that cannot be: %j', async (notify, path) => {
    await start({ RUNNER_HOSTS: 'example.org', SLACK_WEBHOOK_URL: slack.webhookUrl });
    const refused = await given(notify);
    expect(refused.statusCode).toBe(400);
    expect(refused.json().errors.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it('is shown to those alone who may create polls, and its address to nobody', async () => {
    await start({});
    const notify = { url: '***', quietSeconds: 5, maxSeconds: 900 };
    const created = await given({ url: 'https://secret.example.org/hook', quietSeconds: 5 });
    expect(created.json().notify).toEqual(notify);
    const read = async (url: string, headers = {}) => (await service.app.inject({ url, headers })).json();
    expect((await read('/polls/mails', authorization)).notify).toEqual(notify);
    expect((await read('/polls', authorization)).polls[0].notify).toEqual(notify);
    expect(await read('/polls/mails')).not.toHaveProperty('notify');
    expect((await read('/polls')).polls[0]).not.toHaveProperty('notify');
    await service.app.inject({
      method: 'PUT',
      url: '/policies/key:test',
      payload: { allow: ['* /**'], deny: ['POST /polls'] },
      headers: authorization,
    });
    expect(await read('/polls/mails', authorization)).not.toHaveProperty('notify');
  });

  it('has a queue whose runner nobody can name', async () => {
    await start({});
    const refused = await service.app.inject({
      method: 'PUT',
      url: '/queues/mine',
      payload: { runner: { url: 'portside:feedback' } },
      headers: authorization,
    });
    expect([refused.statusCode, refused.json().errors[0].path]).toEqual([400, 'runner.url']);
  });
});
