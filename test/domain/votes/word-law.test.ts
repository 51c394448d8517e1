import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPollFrom } from '../../../src/domain/votes/poll.ts';
import { matchWord } from '../../../src/domain/votes/words.ts';

/**
 * Things that people may vote for, each with several ways to write it. No two of them are the same to people, however
 * little tells them apart, so that a text written for one must never count for another.
 */
const things: readonly (readonly [string, ...string[]])[] = [
  ['0', '٠', '０', '0️⃣'],
  ['5', '٥', '۵', '५', '５', '5️⃣'],
  ['-5', '- 5', '−5', '–5', '‑5', '－ 5', '-٥', '➖5'],
  ['+5', '+ 5', '＋5', '➕5'],
  ['~5', '〜5', '～5'],
  ['<5', '＜ 5'],
  ['.5', '．5'],
  ['1.5', '١٫٥', '１．５'],
  ['1,5'],
  ['15', '１５', '١٥', '1️⃣5️⃣'],
  ['1-5', '1–5', '1 - 5'],
  ['1/5', '⅕', '1⁄5', '1 / 5'],
  ['1 1/5', '1⅕'],
  ['11/5'],
  ['5%', '5 %', '٥٪', '5％'],
  ['$5', '$ 5', '＄5', '💲5'],
  ['#5', '# 5', '＃5'],
  ["5'", '5’', '5′'],
  ['5"', '5″', '5”'],
  ['5°', '5 °'],
  ['55', '٥٥'],
  ['5²'],
  ['A', 'Ａ', '𝐀'],
  ['A+', 'A +', 'a＋'],
  ['A-', 'a -', 'A−', 'A–'],
  ['A*', 'a ＊'],
  ['A♭', 'a ♭'],
  ['C', 'ｃ'],
  ['C#', 'c #', 'C＃'],
  ['C++', 'C ++', 'c + +'],
  ['@home', '@ home'],
  ['home'],
  ['Red', 'ｒｅｄ', 'r\u200bed'],
  ['Pizza 🍕', 'pizza🍕', 'PIZZA 🍕'],
  ['Reds'],
  ['Café', 'Cafe\u0301'],
  ['Cafe'],
  ["We're", 'We’re', 'Weʼre', 'we´re'],
  ['Were'],
  ['Coca-Cola', 'Coca‑Cola', 'coca – cola'],
  ['Coca Cola', 'coca\u00a0 cola'],
  ['Straße', 'STRASSE', 'straẞe'],
  ['Strase'],
  ['Kırmızı', 'KIRMIZI', 'kirmizi'],
  ['Știință', 'Ştiinţă'],
  ['Hòa', 'Hoà', 'Ho\u0300a'],
  ['Hóa', 'Hoá'],
  ['Hoa'],
  ['мёд', 'мед', 'МЕД'],
  ['мой'],
  ['мои'],
  ['Όχι', 'ΟΧΙ', 'οχι'],
  ['πότε'],
  ['ποτέ'],
  ['علي', 'علی', 'على', 'عَلِيّ'],
  ['أمل', 'امل', 'أَمَل'],
  ['שלום', 'שָׁלוֹם'],
  ['क'],
  ['की'],
  ['コーヒー', 'ｺｰﾋｰ', 'コ-ヒ-'],
  ['コヒ'],
  ['キヤ'],
  ['キャ'],
  ['빨강', '빨강'.normalize('NFD')],
  ['👍', '👍🏽'],
  ['👎', '👎🏿'],
  ['👩', '👩🏻'],
  ['👩‍🚀', '👩🏾‍🚀'],
  ['👩🚀'],
  ['🏳️', '🏳'],
  ['🏳️‍🌈', '🏳‍🌈'],
  ['🇪🇸'],
  ['🇸🇪'],
  ['🇩🇪🇸🇪'],
  ['🇪🇸\u200b🇪🇸🇪'],
  ['🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
  ['🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
  ['🏴'],
];

const cased = [
  (word: string) => word,
  (word: string) => word.toLowerCase(),
  (word: string) => word.toUpperCase(),
  (word: string) => word.normalize('NFD'),
];
/** What people add around a word; none of it makes one of the things above of another. */
const noise = [
  ...['!', '?!', '…', ';', ':', '。', '؟', '।', ')', '\n', ' 🙂', '🎉🎉', '\u200f'].flatMap((some) => [
    [some, ''] as const,
    ['', some] as const,
  ]),
  ['', '.'],
  ['', ','],
  ...['""', '“”', '«»', '‘’', '()', '「」', '¿?', '  '].map((pair) => [...pair] as [string, string]),
] as const;

const anyThing = fc.nat({ max: things.length - 1 });
const spelled = (thing: number) => fc.constantFrom(...(things[thing] as readonly [string, ...string[]]));
const poll = fc
  .uniqueArray(anyThing, { minLength: 2, maxLength: 8 })
  .chain((of) => fc.tuple(fc.constant(of), fc.tuple(...of.map((thing) => fc.tuple(spelled(thing))))))
  .map(([of, choices]) => ({ of, choices: choices.flat() }));
const written = (thing: number) =>
  fc.tuple(spelled(thing), fc.constantFrom(...cased)).map(([word, form]) => form(word));
const withNoise = (word: string) =>
  fc
    .array(fc.constantFrom(...noise), { maxLength: 2 })
    .map((around) => around.reduce((text, [before, behind]) => before + text + behind, word));

/** Whether the creation of a poll takes these choices. */
function isTaken(choices: readonly string[]): boolean {
  try {
    createPollFrom({ question: 'Which?', choices, shards: 1 }, 'p', 0);
    return true;
  } catch {
    return false;
  }
}

/** What nobody would call noise: letters, digits and signs in their order, however they are written. */
const essence = (text: string): string =>
  text
    .replaceAll('²', '^2')
    .replaceAll('½', ' 1/2')
    .normalize('NFKC')
    .replace(/[−–]/g, '-')
    .replaceAll('٥', '5')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}+\-#%^/]/gu, '');

describe('what is counted', () => {
  it('is the choice that was typed, or nothing', () => {
    const vote = anyThing.chain((thing) => fc.tuple(fc.constant(thing), written(thing).chain(withNoise)));
    fc.assert(
      fc.property(poll, vote, ({ of, choices }, [thing, text]) => {
        const index = matchWord(choices, text);
        if (index !== undefined) expect(of[index]).toBe(thing);
      }),
      { numRuns: 10_000 },
    );
  });

  it('is the choice that was typed, in every way to write it', () => {
    const voted = poll.chain((made) =>
      fc.constantFrom(...made.of).chain((thing) => fc.tuple(fc.constant(made), fc.constant(thing), written(thing))),
    );
    fc.assert(
      fc.property(voted, ([{ of, choices }, thing, text]) => {
        const index = matchWord(choices, text);
        expect(index === undefined ? undefined : of[index]).toBe(thing);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is never a choice with another digit, letter or sign', () => {
    const part = fc.constantFrom(...'aB1٥ .,+-−–#%!?\'’"”()👍🏿🇸🇪é', '\u0301', '\u200d', '\ufe0f', '½', '²');
    const word = fc.string({ unit: part, minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 2, maxLength: 6 }), word, (choices, text) => {
        fc.pre(isTaken(choices));
        const index = matchWord(choices, text);
        if (index !== undefined) expect(essence(text)).toBe(essence(choices[index] as string));
      }),
      { numRuns: 10_000 },
    );
  });

  it('is each choice of a poll when it is spelled as the poll spells it', () => {
    const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 2, maxLength: 6 }), (choices) => {
        fc.pre(isTaken(choices));
        for (const [index, choice] of choices.entries()) {
          expect(matchWord(choices, choice)).toBe(index);
          expect(matchWord(choices, ` ${choice}\n`)).toBe(index);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('may be any of the things', () => {
    expect(isTaken(things.map(([first]) => first))).toBe(true);
  });
});
