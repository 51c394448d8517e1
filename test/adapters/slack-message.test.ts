import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestOf, messageOn } from '../../src/adapters/http/slack-message.ts';
import type { Feedback } from '../../src/domain/votes/feedback.ts';
import { aPoll } from '../helpers/votes.ts';

const ROUNDS = 100;
/** What Slack would make something of, were it not plain text. */
const CORPUS = [
  '<!channel> <!here> <!everyone>',
  '<@U0123456789> <#C0123456789>',
  '<https://evil.example.org|your bank>',
  'https://evil.example.org',
  '*bold* _italic_ ~gone~ `code` ```block```',
  '> quoted\n• listed',
  ':tada: &lt;!channel&gt;',
  '\u202etxt.exe',
  '","type":"mrkdwn',
];
const words = fc.oneof(fc.constantFrom(...CORPUS), fc.string({ unit: 'binary', maxLength: 1_000 }));
const feedback = fc.array(words, { maxLength: 10 }).map(
  (texts): Feedback => ({
    id: 'fb-b-1',
    ballot: 'b'.repeat(43),
    voter: 'bbbbbb',
    choice: 'RED',
    answers: texts.map((text, index) => ({ id: `q${index}`, question: `Why ${index}?`, text })),
    revision: 1,
    settledAt: 0,
    mayBeRepeat: false,
  }),
);

/** Every object with a type that Slack shows text in. */
function textsIn(part: unknown): { readonly type: string; readonly text: string; readonly emoji?: boolean }[] {
  if (Array.isArray(part)) return part.flatMap(textsIn);
  if (typeof part !== 'object' || part === null) return [];
  const { text } = part as { text?: unknown };
  return typeof text === 'string' ? [part as never] : Object.values(part).flatMap(textsIn);
}

describe('a message to Slack', () => {
  it('shows what voters wrote as plain text alone, in blocks that Slack takes', () => {
    fc.assert(
      fc.property(fc.array(feedback, { minLength: 1, maxLength: 30 }), ([first, ...others]) => {
        const one = first as Feedback;
        for (const { text, blocks } of [messageOn(aPoll(), one), digestOf(aPoll(), [one, ...others])]) {
          expect(text).toMatch(/^[\w ]+ in poll colors$/);
          expect(blocks.length).toBeLessThanOrEqual(50);
          for (const { type, text: shown, emoji } of textsIn(blocks)) {
            expect([type, emoji]).toEqual(['plain_text', false]);
            expect(shown.length).toBeGreaterThan(0);
            expect(shown.length).toBeLessThanOrEqual(3_000);
            expect(shown).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
          }
          expect(JSON.stringify(blocks)).not.toContain(one.ballot);
        }
      }),
      { numRuns: ROUNDS },
    );
  });
});
