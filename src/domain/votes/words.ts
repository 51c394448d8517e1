/**
 * How a word counts when it is compared: compatibility forms (full-width letters, ligatures) folded, case folded
 * through upper case (so that ß, ẞ and SS agree), white space trimmed and collapsed.
 */
export const normaliseWord = (text: string): string =>
  text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').trim().replace(/\s+/gu, ' ');

/** What people add around a word on a phone: punctuation, symbols, emoji with their selectors; no letter, no digit. */
const NOISE = /^(?:[^\p{L}\p{N}\p{M}]|[\uFE00-\uFE0F\u20E3])*$/u;

/**
 * Finds which of `words` a person typed: ` Red `, `RED!`, `ｒｅｄ` and `red 🙂` are RED, `rouge` is not.
 * The longest word wins, so that `C++!` is C++ where both C and C++ are choices.
 *
 * @returns the index in `words`, or undefined
 */
export function matchWord(words: readonly string[], text: string): number | undefined {
  const typed = normaliseWord(text);
  let found: { index: number; length: number } | undefined;
  for (const [index, word] of words.entries()) {
    const wanted = normaliseWord(word);
    if (wanted.length > (found?.length ?? 0) && isWithinNoise(typed, wanted)) found = { index, length: wanted.length };
  }
  return found?.index;
}

function isWithinNoise(typed: string, wanted: string): boolean {
  const start = typed.indexOf(wanted);
  return start >= 0 && NOISE.test(typed.slice(0, start)) && NOISE.test(typed.slice(start + wanted.length));
}
