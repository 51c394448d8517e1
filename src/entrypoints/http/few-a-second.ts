const LINES_A_SECOND = 5;

/** Leaves out what would be more than a few times a second: whoever sends many requests must not fill the log. */
export function fewASecond<T extends readonly unknown[]>(write: (...of: T) => void): (...of: T) => void {
  let begin = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (...of) => {
    const now = performance.now();
    if (now - begin >= 1_000) [begin, count] = [now, 0];
    if (++count <= LINES_A_SECOND) write(...of);
  };
}
