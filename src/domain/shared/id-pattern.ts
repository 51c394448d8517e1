/** What ids look like that callers name: 1–64 letters, digits, _ and -, with a letter or digit first. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
