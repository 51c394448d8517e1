const WARNINGS_A_SECOND = 5;

/** Leaves out what would be more than a few times a second: whoever guesses keys or tokens must not fill the log. */
export function fewASecond<Arguments extends unknown[]>(
  warn: (...about: Arguments) => void,
): (...about: Arguments) => void {
  let begin = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (...about) => {
    const now = performance.now();
    if (now - begin >= 1_000) [begin, count] = [now, 0];
    if (++count <= WARNINGS_A_SECOND) warn(...about);
  };
}
