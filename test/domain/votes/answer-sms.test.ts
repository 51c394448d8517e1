import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryReplyLimit } from '../../../src/adapters/memory/reply-limit.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import { AnswerSms, MAX_REPLIES, REPLY_PAUSE_MS } from '../../../src/domain/votes/answer-sms.ts';
import type { ReplyLimit } from '../../../src/ports/votes.ts';
import { votesWorld } from '../../helpers/votes-world.ts';

let world: ReturnType<typeof votesWorld>;
let uncounted: unknown[];
const answering = (limit: ReplyLimit): AnswerSms =>
  new AnswerSms(world.takeSmsVote, limit, world.pseudonyms, world.clock, (error) => uncounted.push(error));
beforeEach(() => {
  world = votesWorld();
  uncounted = [];
});

let messages = 0;
const text = (words: string, fields: object = {}) => ({
  messageId: `SM${++messages}`,
  to: '+15550001111',
  from: '+15557770000',
  text: words,
  ...fields,
});

describe('answering texts', () => {
  it('tells five messages of a sender in an hour that they do not count, whatever their polls and reasons', async () => {
    const answerSms = answering(new MemoryReplyLimit());
    const kinds = async (words: readonly string[], fields = {}) => {
      const outcomes = [];
      for (const each of words) outcomes.push((await answerSms.execute(text(each, fields), false))?.kind);
      return outcomes;
    };
    expect(await kinds(['red'])).toEqual(['no-poll']);
    await world.given({ voterLimit: 'one' });
    await world.given({ pollId: 'pets', choices: ['CAT', 'DOG'], smsNumber: '+15550002222' });

    expect(await kinds(['mauve', 'red', 'blue'])).toEqual(['unknown-word', 'counted', 'already-voted']);
    expect(await kinds(['cow', 'pig', 'hen'], { to: '+15550002222' })).toEqual([
      'unknown-word',
      'unknown-word',
      undefined,
    ]);
    expect(await kinds(['blue', 'mauve'])).toEqual([undefined, undefined]);
    expect(await kinds(['mauve'], { from: '+15557770001' })).toEqual(['unknown-word']);
    world.clock.advance(REPLY_PAUSE_MS);
    expect(await kinds(['mauve'])).toEqual(['unknown-word']);
  });

  it('always tells that a vote counts', async () => {
    const answerSms = answering(new MemoryReplyLimit());
    await world.given();
    for (let n = 0; n < MAX_REPLIES + 2; n++) await answerSms.execute(text('mauve'), false);

    for (let n = 0; n < MAX_REPLIES + 2; n++)
      expect(await answerSms.execute(text('red'), false)).toEqual({ kind: 'counted', choice: 'RED' });
  });

  it('answers a message that is delivered again as before, at no reply more', async () => {
    const answerSms = answering(new MemoryReplyLimit());
    await world.given();
    const [first, ...others] = Array.from({ length: MAX_REPLIES }, () => text('mauve'));
    for (let n = 0; n < 10; n++) expect(await answerSms.execute(first as never, false)).toBeDefined();
    for (const other of others) expect(await answerSms.execute(other, false)).toBeDefined();

    expect(await answerSms.execute(text('mauve'), false)).toBeUndefined();
    expect(await answerSms.execute(first as never, false)).toBeDefined();
  });

  it('says nothing to words of the phone network and to what quotes a reply, which uses up none', async () => {
    const answerSms = answering(new MemoryReplyLimit(0));
    await world.given();

    expect(await answerSms.execute(text('STOP'), false)).toBeUndefined();
    expect(await answerSms.execute(text('Liked “…”'), true)).toBeUndefined();
    expect(await answerSms.execute(text('red'), true)).toEqual({ kind: 'counted', choice: 'RED' });
  });

  it('counts replies under a pseudonym', async () => {
    const senders: string[] = [];
    const allow: ReplyLimit['allow'] = async (sender) => {
      senders.push(sender);
      return true;
    };
    await answering({ allow }).execute(text('mauve'), false);

    expect(senders).toEqual(['pseudonym of +15557770000']);
  });

  it('is silent while replies cannot be counted, and says why', async () => {
    const error = storeUnavailable();
    const broken = answering({ allow: () => Promise.reject(error) });
    await world.given();

    expect(await broken.execute(text('mauve'), false)).toBeUndefined();
    expect(await broken.execute(text('red'), false)).toEqual({ kind: 'counted', choice: 'RED' });
    expect(uncounted).toEqual([error]);
  });

  it('hides no other failure', async () => {
    const broken = answering({ allow: () => Promise.reject(new TypeError('a bug')) });

    await expect(broken.execute(text('mauve'), false)).rejects.toThrow('a bug');
  });
});
