/** At most so many characters of a text, without half a surrogate pair at the end, which stores would not preserve. */
export const beginningOf = (text: string, length: number): string =>
  text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
