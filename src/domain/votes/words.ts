/** The longest text that a phone can send; comparing much longer ones would block the event loop. */
const LONGEST_TEXT = 1_600;

/** Variants of a character (look-alikes, and what different keyboards produce), by their standard form. */
const STANDS_FOR = {
  "'": '‘’‚‛‹›`ʹʻʼʽˈ′‵׳Ꞌꞌ',
  '"': '“”„‟«»〝〞〟״',
  // The long vowel mark of Japanese is typed as a dash, and the other way round.
  '-': '−⁃˗➖ー',
  '+': '➕',
  '×': '✖✕',
  '÷': '➗',
  '=': '🟰',
  $: '💲',
  '/': '⁄∕',
  '~': '〜',
  '%': '٪',
  '.': '٫',
  // Arabic keyboards and those of its neighbours, Romanian keyboards.
  ي: 'ىی',
  ك: 'ک',
  ه: 'ہ',
  Ş: 'Ș',
  ş: 'ș',
  Ţ: 'Ț',
  ţ: 'ț',
};
const STANDARD = new Map(
  Object.entries(STANDS_FOR).flatMap(([one, others]) => [...others].map((other) => [other, one] as const)),
);
const OTHER_CHARACTER = new RegExp(`[${[...STANDARD.keys()].join('')}]`, 'gu');
const DASH = /(?![〜〰])\p{Pd}|\u00AD(?= *\p{Nd})/gu;

/** Vowel signs of Hebrew and Arabic, which are written or not, and the line that lengthens Arabic words. */
const OPTIONAL = /[^\P{M}\0-\u058F\u0653-\u0655\u0700-\u{10FFFF}]|\u0640/gu;

/**
 * Invisible characters: zero-width ones, direction marks, soft hyphens, emoji selectors. Joiners within an emoji stay,
 * and so do tags, because they alone tell the flag of England from that of Scotland.
 */
const INVISIBLE =
  /(?<!\p{ExtPict}|\p{EMod}|\uFE0F)\u200D|\u200D(?!\p{ExtPict})|(?![\u200D\u{E0020}-\u{E007F}])\p{DI}/gu;

/** What may stand around a word, a number too: blanks, brackets, quotes. */
const AROUND = '\\s\\p{Ps}\\p{Pe}\\p{Pi}\\p{Pf}"\'¡¿•';
/** The same and the punctuation of every script. Signs (`+`, `#`, `-`) are none of it: they are part of the word. */
const NOISE = `${AROUND}\\p{Term}`;
const SIGN = `[^\\p{L}\\p{N}\\p{M}${NOISE}]`;
const IS_NOISE = new RegExp(`[${NOISE}]`, 'u');
const IS_AROUND = new RegExp(`^[${AROUND}]*$`, 'u');
const IN_QUOTES = /^([^\p{L}\p{N}'"]*)(['"])([^'"]*)\2(?![\p{L}\p{N}])/u;

/** Blanks next to a sign or an emoji, and before punctuation; but not those that keep the letters of flags apart. */
const BLANK_BEFORE = new RegExp(` (?<!\\p{RI} )(?=${SIGN}|\\p{Term})`, 'gu');
const BLANK_BEHIND = new RegExp(`(${SIGN}) (?!\\p{RI})`, 'gu');

/**
 * An emoji as people see it: a flag is a pair of letters, a family several people. Pictographs that are no emoji (♭) are
 * signs; whether there are any depends on the version of Unicode.
 */
const PICTURE = '(?:(?=\\p{Emoji})\\p{ExtPict}|[★☆✓♪♫●■◆])\\p{EMod}?';
const EMOJI = new RegExp(`\\p{RI}{2}|${PICTURE}(?:\\u200D${PICTURE})*[\\u{E0020}-\\u{E007F}]*`, 'gu');
/** Emoji that say no to the word beside them, and those that are letters, digits or words themselves. */
const NEVER_DECORATION = /[👎🚫⛔❌❎🙅🔟\u{1F100}-\u{1F1E5}\u{1F200}-\u{1F2FF}]/u;
const HAS_CONTENT = new RegExp(`[\\p{L}\\p{N}\\p{RI}]|${PICTURE}`, 'u');

/** The canonical spelling: one form of each character, no redundant blanks. Keeps the case, which look-alikes depend on. */
function canonical(text: string): string {
  return (/[^\x20-\x5F\x61-\x7E]/.test(text) ? withStandardCharacters(text) : text)
    .replace(/ +/g, ' ')
    .replace(BLANK_BEFORE, '')
    .replace(BLANK_BEHIND, '$1')
    .trim();
}

function withStandardCharacters(text: string): string {
  return (
    text
      // NFKC would take these quotes apart, and run 1½ and 2² together as eleven halves and twenty-two.
      .normalize('NFC')
      .replaceAll('´', "'")
      .replaceAll('″', '"')
      .replace(/\p{N}(?=\p{No})|\p{No}(?=\p{N})/gu, '$& ')
      .normalize('NFKC')
      .replace(DASH, '-')
      // Regional indicators that were kept apart must not become a flag.
      .replace(/(?<=\p{RI})\p{DI}+(?=\p{RI})/gu, ' ')
      .replace(INVISIBLE, '')
      .replace(OPTIONAL, '')
      .replace(OTHER_CHARACTER, (character) => STANDARD.get(character) as string)
      .replace(/[^\P{Nd}0-9]/gu, digitValue)
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .normalize('NFKC')
  );
}

/** In Unicode the decimal digits of a script stand in a row from 0 to 9, and rows may follow each other. */
function digitValue(digit: string): string {
  const code = digit.codePointAt(0) as number;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String((code - zero) % 10);
}

/**
 * Lower case comes before upper case, so that ß, ẞ and SS agree, as do σ and ς; i with and without its dot (Turkish İ
 * and ı) agree too.
 */
const caseless = (spelled: string): string =>
  spelled.toLowerCase().replaceAll('i\u0307', 'i').toUpperCase().normalize('NFKC');

/** The strictest form in which words are compared: one way to write each character, no case, nothing invisible. */
export const normaliseWord = (text: string): string => caseless(canonical(text));

/**
 * A word without case and without the punctuation around it, unless it is nothing else. Next to a digit some of it means something: the
 * full stop of .5, the quotes of 5' and 5".
 */
function plain(spelled: string): string {
  const word = caseless(spelled);
  const unquoted = word.replace(IN_QUOTES, '$1$3');
  let start = 0;
  let end = unquoted.length;
  while (start < end && IS_NOISE.test(unquoted.charAt(start))) start++;
  while (start < end && IS_NOISE.test(unquoted.charAt(end - 1))) end--;
  const core = unquoted.slice(start, end);
  const isCut =
    HAS_CONTENT.test(core) &&
    (!/^\p{N}/u.test(core) || IS_AROUND.test(unquoted.slice(0, start))) &&
    (!/\p{N}$/u.test(core) || !/['"]/.test(unquoted.slice(end)));
  return isCut ? core : word;
}

/** Emoji without skin tones, keycaps without their boxes. */
const withoutTones = (spelled: string): string => spelled.replace(/\p{EMod}|\u20E3/gu, '');

/**
 * Letters without what many people leave out: the accents of Greek (never written on capitals), the dots of Russian ё,
 * the hamza of Arabic alef and the dots of final ة. The tone of Vietnamese syllables moves where newer spelling has it.
 */
const withPlainLetters = (spelled: string): string =>
  spelled
    .replace(/\p{sc=Greek}\p{M}*/gu, (letter) => letter.normalize('NFD').charAt(0))
    .replace(/[Ёёأإآٱة]/g, (letter) => 'Ееااااه'.charAt('Ёёأإآٱة'.indexOf(letter)))
    .replace(/(?:[òóõỏọ][ae]|[ùúũủụ]y)(?![\p{L}\p{M}])/giu, (syllable) =>
      syllable
        .normalize('NFD')
        .replace(/(\p{M})(\p{L})/u, '$2$1')
        .normalize('NFC'),
    );

/** Letters of Cyrillic and Greek, and the Latin ones that look like them, in the case in which they do. */
const LOOK_ALIKES = 'АВЕКМНОРСТУХІЈЅаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο';
const LATIN = 'ABEKMHOPCTYXIJSaeopcyxijsABEZHIKMNOPTYXo';
const LOOK_ALIKE = new RegExp(`[${LOOK_ALIKES}]`, 'g');
const withLatinLookAlikes = (spelled: string): string =>
  spelled.replace(LOOK_ALIKE, (letter) => LATIN.charAt(LOOK_ALIKES.indexOf(letter)));

/**
 * How words are compared, in this order. Each is applied to the text or to the choice, never to both at once: what one
 * side leaves out is overlooked, but not that they differ, as πότε and ποτέ do.
 */
const FORMS = [(spelled: string) => spelled, withoutTones, withPlainLetters, withLatinLookAlikes];

/**
 * Finds which of `words` a person typed: ` Red `, `RED!`, `ｒｅｄ` and `red 🙂` are RED, `rouge` is not.
 * Words are compared as they are spelled, then ever more loosely. The first comparison that any of them passes decides,
 * but only where one alone passes it: a person who may have meant either of two has to be asked.
 *
 * @returns the index in `words`, or undefined
 */
export function matchWord(words: readonly string[], text: string): number | undefined {
  // Some characters become many when they are normalised.
  if (text.length > LONGEST_TEXT || text.normalize('NFKC').length > LONGEST_TEXT) return undefined;
  const asSpelled = words.indexOf(text);
  if (asSpelled >= 0) return asSpelled;

  const typed = canonical(text);
  if (typed === '') return undefined;
  const canonicalWords = words.map(canonical);
  const wanted = caseless(typed);
  let found = indexesOf(canonicalWords, (word) => caseless(word) === wanted);
  if (found.length === 0) {
    const bare = withoutDecoration(typed, canonicalWords);
    const plainTyped = plain(bare);
    const plainWords = canonicalWords.map(plain);
    for (const form of FORMS) {
      const loose = plain(form(bare));
      found = indexesOf(canonicalWords, (word, index) => {
        const formed = form(word);
        return plainWords[index] === loose || (formed !== word && plain(formed) === plainTyped);
      });
      if (found.length > 0) break;
    }
  }
  return found.length === 1 ? found[0] : undefined;
}

const indexesOf = (words: readonly string[], fits: (word: string, index: number) => boolean): number[] =>
  words.flatMap((word, index) => (fits(word, index) ? [index] : []));

/**
 * For each word the index of the first that voters could not tell from it: its own, if there is none before it. Skin
 * tones and the boxes of keycaps do tell words apart.
 */
export function firstAlike(words: readonly string[]): number[] {
  const forms = words.map(canonical).map((word) => ({
    read: plain(word),
    plainly: plain(withPlainLetters(word)),
    seen: plain(withLatinLookAlikes(word)),
  }));
  return forms.map(({ read, plainly, seen }) =>
    forms.findIndex(
      (other) => other.read === read || other.read === plainly || other.plainly === read || other.seen === seen,
    ),
  );
}

/**
 * Without the emoji that people add to a word, and with one of those that they repeat. An emoji of some choice stays, and
 * so does every emoji in a text without a word, where another emoji is another answer. Where choices repeat emoji
 * themselves, as in ⭐ and ⭐⭐, their number means something.
 */
function withoutDecoration(typed: string, words: readonly string[]): string {
  if (typed.search(EMOJI) < 0) return typed;
  const known = new Set(words.flatMap((word) => word.match(EMOJI) ?? []).map(withoutTones));
  const once = words.some((word) => word !== withoutRepeats(word)) ? typed : withoutRepeats(typed);
  if (!/[\p{L}\p{N}]/u.test(once)) return once;
  return once
    .replace(EMOJI, (emoji) => (known.has(withoutTones(emoji)) || NEVER_DECORATION.test(emoji) ? emoji : ' '))
    .replace(/ +/g, ' ');
}

function withoutRepeats(spelled: string): string {
  let end = 0;
  let last = '';
  return spelled.replace(EMOJI, (emoji, at: number) => {
    const repeated = withoutTones(emoji) === last && spelled.slice(end, at).trim() === '';
    end = at + emoji.length;
    last = withoutTones(emoji);
    return repeated ? '' : emoji;
  });
}
