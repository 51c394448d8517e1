/** Answers below 500 after which the same request may succeed. */
const PASSING = new Set([408, 425, 429]);

/** Whether the same request may succeed later. */
export const isPassing = (status: number): boolean => status >= 500 || PASSING.has(status);

/** The longest that a timer can wait, some 24 days. */
const MAX_WAIT_MS = 2_147_483_647;

/** The three forms of RFC 9110 §5.6.7. */
const DATES = [
  /^\w{3}, \d\d? \w{3} \d{4} [\d:]{8} GMT$/,
  /^\w{6,9}, \d\d-\w{3}-\d\d [\d:]{8} GMT$/,
  /^\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}$/,
];

/**
 * `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3), in ms from now (epoch ms): 0 to some 24 days. What is neither
 * does not count.
 */
export function retryAfterMs(header: unknown, now: number): number | undefined {
  const text = String(header ?? '').trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, MAX_WAIT_MS);
  if (!DATES.some((form) => form.test(text))) return undefined;
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), MAX_WAIT_MS);
}
