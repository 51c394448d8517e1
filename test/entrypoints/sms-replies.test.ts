import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPollFrom, type Poll, type PollDraft } from '../../src/domain/votes/poll.ts';
import type { SmsOutcome } from '../../src/domain/votes/take-sms-vote.ts';
import { quotesReply, twimlReply } from '../../src/entrypoints/http/votes/sms-replies.ts';
import { segmentsOf } from '../../src/entrypoints/http/votes/sms-segments.ts';

const NOW = Date.UTC(2026, 0, 1);
const OPENS = Date.UTC(2027, 0, 1, 10);

const poll = (fields: Partial<PollDraft> = {}): Poll =>
  createPollFrom(
    { question: 'Which colour?', choices: ['RED', 'BLUE'], opensAt: OPENS, shards: 1, ...fields },
    'p',
    NOW,
  );

async function reply(outcome: SmsOutcome): Promise<string> {
  const xml = await twimlReply(outcome);
  return (/<Message>(.*)<\/Message>/su.exec(xml)?.[1] ?? '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

const KINDS = ['already-voted', 'unknown-word', 'poll-closed', 'poll-not-open'] as const;
const repliesTo = (to: Poll): Promise<string[]> =>
  Promise.all([
    ...KINDS.map((kind) => reply({ kind, poll: to })),
    ...to.choices.map((choice) => reply({ kind: 'counted', choice })),
    reply({ kind: 'no-poll' }),
  ]);

/** Written once more, as the table of GSM 03.38 stands in its standard, row by row. */
const TABLE = [
  '@£$¥èéùìòÇ\nØø\rÅå',
  'Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ',
  ' !"#¤%&\'()*+,-./',
  '0123456789:;<=>?',
  '¡ABCDEFGHIJKLMNO',
  'PQRSTUVWXYZÄÖÑÜ§',
  '¿abcdefghijklmno',
  'pqrstuvwxyzäöñüà',
].join('');

/** What a text costs: a septet each, two for the extension table; UTF-16 for all of it where one character has none. */
function cost(text: string): { encoding: 'GSM-7' | 'UCS-2'; segments: number } {
  const units = [...text].map((character) =>
    TABLE.includes(character) ? 1 : '^{}\\[~]|€\f'.includes(character) ? 2 : undefined,
  );
  const isShort = !units.includes(undefined);
  const length = isShort ? (units as number[]).reduce((sum, unit) => sum + unit, 0) : text.length;
  const [alone, joined] = isShort ? [160, 153] : [70, 67];
  return { encoding: isShort ? 'GSM-7' : 'UCS-2', segments: length <= alone ? 1 : Math.ceil(length / joined) };
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${String(index).padStart(3, '0')}`);

describe('a reply', () => {
  it.each<[string, Partial<PollDraft>]>([
    ['two short choices', {}],
    ['100 choices of 20 characters', { choices: numbered('Candidate number', 100) }],
    ['100 choices of 40 characters', { choices: numbered('x'.repeat(36), 100) }],
    ['100 choices of one character and more', { choices: numbered('', 100).map((choice) => choice.trim()) }],
    ['choices of the extension table', { choices: numbered('[€]{€}|~^\\'.repeat(3), 100) }],
    ['accents that GSM-7 has', { choices: ['Überraschung', 'Åland', 'à la carte', 'Ñandú'.replace('ú', 'ù')] }],
    ['an apostrophe of a keyboard in the question', { question: 'What’s your “favourite” colour – today…?' }],
    ['a question that GSM-7 lacks', { question: 'Wohin? 🌍', choices: ['Nord', 'Süd'] }],
    ['a long question', { question: 'Which of these '.repeat(18) }],
    ['a long question of emoji', { question: '👩‍👩‍👧‍👦'.repeat(40) }],
  ])('is sent in GSM-7 and in three segments at most: %s', async (_, fields) => {
    for (const text of await repliesTo(poll(fields))) {
      const { encoding, segments } = cost(text);
      expect({ text, encoding }).toEqual({ text, encoding: 'GSM-7' });
      expect(segments).toBeLessThanOrEqual(text.startsWith('Sorry, that') ? 3 : 2);
    }
  });

  it.each<[string, Partial<PollDraft>]>([
    ['one choice', { choices: ['RED', 'BLÅ €', 'Ελλάδα'] }],
    ['one choice, the last of many', { choices: [...numbered('Candidate', 30), 'ÉLECTRICITÉ 🙂'] }],
    ['100 of Japanese', { question: '好きな色は？', choices: numbered('赤い色です', 100) }],
    ['100 of 40 emoji', { choices: numbered('🌍'.repeat(36), 100) }],
    ['families', { question: '👩‍👩‍👧‍👦'.repeat(40), choices: ['👩‍👩‍👧‍👦', '👨‍👩‍👦'] }],
  ])('costs three segments at most where the choices are not in GSM-7: %s', async (_, fields) => {
    for (const text of await repliesTo(poll(fields)))
      expect({ text, isCheap: cost(text).segments <= 3 }).toEqual({ text, isCheap: true });
  });

  it('names as many choices as fit, in their order, and says how many more there are', async () => {
    const choices = numbered('Candidate number', 100);
    const text = await reply({ kind: 'unknown-word', poll: poll({ choices }) });

    const [, list = '', more] = /: (.*), \.\.\. \((\d+) more\)$/.exec(text) ?? [];
    const named = list.split(', ');
    expect(named).toEqual(choices.slice(0, named.length));
    expect(named.length + Number(more)).toBe(100);
    expect(named.length).toBeGreaterThan(10);
    expect(cost(text).segments).toBe(3);
  });

  it.each([2, 10, 19])('names all of %i choices', async (count) => {
    const choices = numbered('Number', count);

    expect(await reply({ kind: 'unknown-word', poll: poll({ choices }) })).toMatch(
      new RegExp(`: ${choices.join(', ')}$`),
    );
  });

  it('says for what somebody has voted, and when a poll opens', async () => {
    const colours = poll({ question: 'Which colour?', opensAt: OPENS + 1 });

    expect(await reply({ kind: 'already-voted', poll: colours })).toContain('"Which colour?"');
    expect(await reply({ kind: 'poll-not-open', poll: colours })).toMatch(
      /"Which colour\?" opens at 2027-01-01 10:01 UTC/,
    );
    expect(await reply({ kind: 'poll-not-open', poll: poll({ question: '🌍' }) })).toMatch(
      /it opens at 2027-01-01 10:00 UTC/,
    );
    const japanese = poll({ question: '好きな色は？', choices: ['赤', '青'] });
    expect(await reply({ kind: 'already-voted', poll: japanese })).toContain('"好きな色は？"');
  });

  it.each([
    ['a'.repeat(61), `"${'a'.repeat(57)}..."`],
    ['a'.repeat(60), `"${'a'.repeat(60)}"`],
    [`${'a'.repeat(56)}👩‍👩‍👧‍👦 ${'b'.repeat(10)}`, `"${'a'.repeat(56)}..."`],
    [`${'a'.repeat(56)}🇸🇪${'b'.repeat(10)}`, `"${'a'.repeat(56)}..."`],
    [`${'a'.repeat(56)}${'o\u0308'}${'b'.repeat(10)}`, `"${'a'.repeat(56)}..."`],
    [`a${'\u0308'.repeat(100)}`, undefined],
  ])('shortens the question, but no character of it: %s', async (question, quoted) => {
    const text = await reply({ kind: 'already-voted', poll: poll({ question, choices: ['赤', '青'] }) });

    expect(text).toBe(`You have voted already${quoted ? ` in ${quoted}` : ''}. Your first vote counts.`);
  });

  it('is well-formed, at most 1,600 characters long and known again, whatever the poll', async () => {
    const character = fc.constantFrom(...'aZ €[é漢🌍', '👩‍👩‍👧‍👦', 'o\u0308', '🇸🇪', '‮', '<', '&');
    const words = (maxLength: number) =>
      fc.array(character, { minLength: 1, maxLength }).map((parts) => parts.join(''));
    const drafts = fc.record({ question: words(280), choices: fc.array(words(40), { minLength: 2, maxLength: 100 }) });
    await fc.assert(
      fc.asyncProperty(drafts, async ({ question, choices }) => {
        // However the rules of choices change: only these fields make the reply.
        for (const text of await repliesTo({ ...poll(), question, choices })) {
          expect(text).not.toMatch(/\p{Surrogate}/u);
          expect(text.length).toBeLessThanOrEqual(1_600);
          expect(text.length).toBeGreaterThan(0);
          expect(quotesReply(`Liked “${text}”`)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is one message of TwiML, and none where there is nothing to tell', async () => {
    expect(await twimlReply(undefined)).toMatch(/<Response\/>$/);
    expect(await twimlReply({ kind: 'reserved-word' })).toMatch(/<Response\/>$/);
  });
});

describe('a text', () => {
  it.each(['red', 'I will answer later.', '', 'Thank you!', 'Sorry', 'You have voted', 'There is no vote'])(
    'that quotes no reply is answered: %s',
    (text) => {
      expect(quotesReply(text)).toBe(false);
    },
  );
});

describe('segments', () => {
  it.each([
    ['', 1],
    ['a'.repeat(160), 1],
    ['a'.repeat(161), 2],
    ['a'.repeat(306), 2],
    ['a'.repeat(307), 3],
    ['€'.repeat(80), 1],
    ['€'.repeat(81), 2],
    // The escape and its character stay together: 76 in each.
    ['€'.repeat(153), 3],
    ['漢'.repeat(70), 1],
    ['漢'.repeat(71), 2],
    ['🌍'.repeat(35), 1],
    ['🌍'.repeat(36), 2],
    // 33 in each.
    ['🌍'.repeat(67), 3],
    [`${'a'.repeat(70)}…`, 2],
  ])('are counted as phones do: %s', (text, segments) => {
    expect(segmentsOf(text)).toBe(segments);
  });
});
