import { describe, expect, it } from '@jest/globals';
import { FakeSlack } from '../../demo/fake-slack.ts';
import { AllowedHosts } from '../../src/adapters/http/allowed-hosts.ts';
import { SlackReceiver } from '../../src/adapters/http/slack-receiver.ts';
import { UrlReceiver } from '../../src/adapters/http/url-receiver.ts';
import type { Feedback } from '../../src/domain/votes/feedback.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { httpService } from '../helpers/http-service.ts';
import { aPoll } from '../helpers/votes.ts';

const feedback = (fields: Partial<Feedback> = {}): Feedback => ({
  id: 'fb-b-0',
  ballot: 'b',
  voter: 'v',
  choice: 'RED',
  answers: [],
  revision: 0,
  settledAt: 0,
  mayBeRepeat: false,
  ...fields,
});

describe('a receiver at an address', () => {
  it('gets a request once, also where it closes the connection of an earlier one without an answer', async () => {
    const service = await httpService((_, response) => {
      if (service.calls.length === 2) response.socket?.destroy();
      else response.end();
    });
    try {
      const receiver = new UrlReceiver(AllowedHosts.every, new FakeClock());
      expect(await receiver.tell(service.url, aPoll(), feedback())).toEqual({ kind: 'told' });
      // The connection is free for the next request only in a later turn.
      for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
      expect(await receiver.tell(service.url, aPoll(), feedback({ id: 'fb-c-0' }))).toMatchObject({ kind: 'unknown' });
      expect(service.calls).toHaveLength(2);
    } finally {
      await service.close();
    }
  });
});

describe('a channel of Slack', () => {
  it('does not call a message a repeat that is changed twice', async () => {
    const slack = await FakeSlack.start();
    try {
      const access = { botToken: 'xoxb-0123456789', channel: 'C0123456789', apiUrl: slack.apiUrl };
      const receiver = new SlackReceiver(access, new FakeClock());
      const sent = await receiver.tell(aPoll(), [feedback()]);
      const { reference } = sent as { reference: string };
      const told = { revision: 0, reference };
      await receiver.tell(aPoll(), [feedback({ revision: 1, told, mayBeRepeat: true })]);
      expect(slack.messages.map(({ changes }) => changes)).toEqual([1]);
      expect(slack.messages[0]?.text).not.toContain('repeat');
    } finally {
      await slack.stop();
    }
  });
});
