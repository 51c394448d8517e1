/**
 * What nobody sees: zero-width characters, direction marks, soft hyphens, emoji selectors. Tags stay, because they
 * alone tell the flag of England from that of Scotland.
 */
const INVISIBLE = /(?![\u{E0020}-\u{E007F}])\p{Default_Ignorable_Code_Point}/gu;

/**
 * How a word counts when it is compared: compatibility forms (full-width letters, ligatures) folded, invisible
 * characters dropped, white space trimmed and collapsed, case folded. Lower case comes before upper case, so that ß, ẞ
 * and SS agree, as do σ and ς; i with and without its dot (Turkish İ and ı) agree too.
 */
export const normaliseWord = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .toLowerCase()
    .replaceAll('i\u0307', 'i')
    .toUpperCase()
    .normalize('NFKC')
    .trim()
    .replace(/\s+/g, ' ');

/** What people add before a word on a phone: punctuation, symbols, emoji, accents that stand free; no letter, no digit. */
const NOISE_BEFORE = /^\p{M}*(?:[^\p{L}\p{N}\p{M}]\p{M}*)*$/u;
/** The same behind it, where a mark would belong to its last letter; but the box of a keycap may. */
const NOISE_BEHIND = /^\u20E3?(?:[^\p{L}\p{N}\p{M}]\p{M}*)*$/u;

/** The longest text that a phone can send; normalising what is very much longer would keep everybody waiting. */
const LONGEST_TEXT = 1_600;

/**
 * Finds which of `words` a person typed: ` Red `, `RED!`, `ｒｅｄ` and `red 🙂` are RED, `rouge` is not.
 * Of words within each other the longest wins, so that `C++!` is C++ where both C and C++ are choices; where two
 * others are there, as in `👍👎`, nobody can tell which is meant.
 *
 * @returns the index in `words`, or undefined
 */
export function matchWord(words: readonly string[], text: string): number | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const typed = normaliseWord(text);
  const found = words
    .map((word, index) => ({ index, wanted: normaliseWord(word) }))
    .filter(({ wanted }) => isWithinNoise(typed, wanted))
    .sort((one, other) => other.wanted.length - one.wanted.length);
  const longest = found[0];
  return longest && found.every(({ wanted }) => longest.wanted.includes(wanted)) ? longest.index : undefined;
}

function isWithinNoise(typed: string, wanted: string): boolean {
  const start = typed.indexOf(wanted);
  return (
    start >= 0 && NOISE_BEFORE.test(typed.slice(0, start)) && NOISE_BEHIND.test(typed.slice(start + wanted.length))
  );
}
