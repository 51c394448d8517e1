import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPollFrom, RESERVED_WORDS } from '../../../src/domain/votes/poll.ts';
import { matchWord, normaliseWord } from '../../../src/domain/votes/words.ts';

/** Choices, a text, and the choice that the text means, if any. */
type Reading = readonly [what: string, choices: readonly string[], text: string, meant: string | undefined];

const colours = ['RED', 'GREEN', 'BLUE'];

const readings: readonly Reading[] = [
  ['as it is', colours, 'RED', 'RED'],
  ['in lower case', colours, 'red', 'RED'],
  ['within white space of any kind', colours, '\t \u00a0\u3000red\r\n', 'RED'],
  ['with punctuation', colours, '“Red”!!', 'RED'],
  ['with an emoji', colours, 'red ❤️', 'RED'],
  ['with an emoji of several parts and a skin tone', colours, '👩🏽‍🚀 red 👍🏿', 'RED'],
  ['with a free-standing accent, as keyboards have it', colours, '´red´', 'RED'],
  ['with a NUL', colours, 'red\0', 'RED'],
  ['in full-width letters', colours, 'ｒｅｄ', 'RED'],
  ['in mathematical letters', colours, '𝐑𝐄𝐃', 'RED'],
  ['with a zero-width space inside', colours, 'r\u200bed', 'RED'],
  ['with a soft hyphen inside', colours, 're\u00add', 'RED'],
  ['with a byte order mark', colours, '\ufeffred', 'RED'],
  ['between right-to-left marks', colours, '\u200f\u202ered\u202c', 'RED'],
  ['within a longer word', colours, 'reddish', undefined],
  ['within a sentence', colours, 'I like red', undefined],
  ['next to a digit', colours, 'red1', undefined],
  ['twice', colours, 'red red', undefined],
  ['together with another choice', colours, 'red, green', undefined],
  ['with an accent on its last letter', colours, 'red\u0323', undefined],
  ['as a Cyrillic look-alike', ['ACE'], 'АСЕ', undefined],
  ['nothing', colours, '', undefined],
  ['punctuation alone', colours, '?!', undefined],
  ['a name of Object.prototype', colours, 'constructor', undefined],
  ['a name of Object.prototype that is a choice', ['__proto__', 'toString'], 'TOSTRING', 'toString'],

  ['ß for SS', ['STRASSE'], 'straße', 'STRASSE'],
  ['SS for ß', ['Straße'], 'STRASSE', 'Straße'],
  ['ẞ for ß', ['Straße'], 'STRAẞE', 'Straße'],
  ['ß for ẞ', ['STRAẞE'], 'straße', 'STRAẞE'],
  ['a dotless Turkish i', ['KIRMIZI'], 'kırmızı', 'KIRMIZI'],
  ['a dotted Turkish I', ['izmir'], 'İZMİR', 'izmir'],
  ['no dot where Turkish has one', ['İzmir'], 'Izmir', 'İzmir'],
  ['a dot of its own', ['İzmir'], 'i\u0307zmir', 'İzmir'],
  ['a Greek final sigma', ['ΟΔΟΣ'], 'οδος', 'ΟΔΟΣ'],
  ['a Greek sigma in the middle form', ['οδος'], 'οδοσ', 'οδος'],
  ['an accent as a character of its own', ['Café'], 'cafe\u0301', 'Café'],
  ['no accent where there is one', ['Café'], 'cafe', undefined],
  ['an accent where there is none', ['Cafe'], 'café', undefined],
  ['a ligature', ['Office'], 'oﬃce', 'Office'],
  ['a long s', ['Rast'], 'raſt', 'Rast'],
  ['the Kelvin sign', ['K'], '\u212a', 'K'],
  ['a base letter without its Devanagari vowel sign', ['की'], 'क', undefined],
  ['a Devanagari vowel sign more than the choice has', ['क'], 'की', undefined],
  ['Persian without the invisible non-joiner', ['می\u200cخواهم'], 'میخواهم', 'می\u200cخواهم'],
  ['Arabic written out in full for a ligature', ['ﷺ'], 'صلى الله عليه وسلم', 'ﷺ'],
  ['Hebrew in a right-to-left embedding', ['אדום'], '\u202bאדום\u202c', 'אדום'],
  ['Korean as single letters', ['빨강'], '빨강'.normalize('NFD'), '빨강'],
  ['half-width Katakana', ['ガ'], 'ｶﾞ', 'ガ'],

  ['a digit', ['1', '2'], '2.', '2'],
  ['a keycap', ['1', '2'], '2️⃣', '2'],
  ['a keycap that is a choice beside the digit', ['1', '1️⃣'], '1️⃣', '1️⃣'],
  ['a circled digit', ['1', '2'], '②', '2'],
  ['another number that begins alike', ['1', '2'], '12', undefined],
  ['an emoji that is a choice', ['👍', '👎'], '👎!', '👎'],
  ['an emoji without its selector', ['❤️'], '❤', '❤️'],
  ['an emoji in another skin tone', ['👍'], '👍🏿', '👍'],
  ['a flag', ['🇩🇪', '🇫🇷'], '🇫🇷', '🇫🇷'],
  ['a flag that differs in tags alone', ['🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'], '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
  ['two choices at once', ['👍', '👎'], '👍👎', undefined],
  ['two flags at once', ['🇩🇪', '🇫🇷'], '🇩🇪 🇫🇷', undefined],
  ['two choices that overlap', ['-1', '1+'], '-1+', undefined],
  ['the longer of two within each other', ['C', 'C++'], 'C++!', 'C++'],
  ['the shorter of two within each other', ['C', 'C++'], 'c', 'C'],
  ['two words, spaced in another way', ['Ice  cream'], ' ice\ncream ', 'Ice  cream'],
  ['two words without the space', ['Ice cream'], 'icecream', undefined],
];

describe('a word of a voter', () => {
  it.each(readings)('is read %s', (_, choices, text, meant) => {
    const index = matchWord(choices, text);

    expect(index === undefined ? undefined : choices[index]).toBe(meant);
  });

  it('normalises to itself once it is normalised, and however it is cased or composed', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    fc.assert(
      fc.property(text, (word) => {
        // The dot of a capital İ may stand behind other marks then; nobody types that.
        fc.pre(!/\u0130|\u0131|\u0345|\u0307/.test(word));
        const normalised = normaliseWord(word);
        expect(normaliseWord(normalised)).toBe(normalised);
        expect(normaliseWord(word.toLowerCase())).toBe(normalised);
        expect(normaliseWord(word.normalize('NFD'))).toBe(normalised);
      }),
      { numRuns: 2_000 },
    );
  });

  it('agrees in both cases, for every character that has cases or forms', () => {
    const differing: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      if (!/[\p{Changes_When_NFKC_Casefolded}\p{Changes_When_Casemapped}]/u.test(String.fromCodePoint(code))) continue;
      const word = `a${String.fromCodePoint(code)}b`;
      const normalised = normaliseWord(word);
      const others = [word.toUpperCase(), word.toLowerCase(), word.normalize('NFD'), normalised];
      if (others.some((other) => normaliseWord(other) !== normalised)) differing.push(`U+${code.toString(16)}`);
    }

    expect(differing).toEqual([]);
  });

  it('is read at once, however large and odd the text is', () => {
    const marks = `a${'\u0301\u0316'.repeat(16_000)}`;
    const started = performance.now();

    for (const text of [marks, 'ﷺ'.repeat(21_000), `${' '.repeat(60_000)}x`, '!\u0301'.repeat(30_000)])
      expect(matchWord(colours, text)).toBeUndefined();

    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe('the choices of a poll', () => {
  const issues = (choices: readonly string[]): unknown => {
    try {
      createPollFrom({ question: 'Which?', choices, shards: 1 }, 'p', 0);
      return [];
    } catch (error) {
      return (error as { issues: unknown }).issues;
    }
  };
  const twin = 'reads the same as choices[0]';
  const reserved = 'is a word that phone networks keep for themselves; choose another';

  it.each([
    [['RED', ' red '], 'choices[1]', twin],
    [['RED', 'r\u200bed'], 'choices[1]', twin],
    [['Straße', 'STRAẞE'], 'choices[1]', twin],
    [['izmir', 'İZMİR'], 'choices[1]', twin],
    [['ﷺ', 'صلى الله عليه وسلم'], 'choices[1]', twin],
    [['①', '1'], 'choices[1]', twin],
    [['❤️', '❤'], 'choices[1]', twin],
    [['RED', ' \u200b\u00ad'], 'choices[1]', 'must contain something to type'],
    [['RED', 'ＳＴＯＰ'], 'choices[1]', reserved],
    [['RED', 'st\u200bop!'], 'choices[1]', reserved],
  ])('%j are refused', (choices, path, message) => {
    expect(issues(choices)).toEqual([{ path, message }]);
  });

  it.each(RESERVED_WORDS)('may not be %s', (word) => {
    expect(issues(['RED', word.toLowerCase()])).toEqual([{ path: 'choices[1]', message: reserved }]);
  });

  it('may contain a reserved word among others', () => {
    expect(issues(['Help me', 'Information', 'The end'])).toEqual([]);
  });

  it('may become many times longer when they are normalised', () => {
    const choices = ['ﷺ'.repeat(40), 'RED'];

    expect(issues(choices)).toEqual([]);
    expect(matchWord(choices, choices[0] as string)).toBe(0);
  });
});
