/** Answers below 500 after which the same request may succeed. */
const PASSING = new Set([408, 425, 429]);

/** Whether the same request may succeed later. */
export const isRetryable = (status: number): boolean => status >= 500 || PASSING.has(status);

/** The longest that a timer can wait, some 24 days. */
const MAX_WAIT_MS = 2_147_483_647;

/** The three forms of RFC 9110 §5.6.7. */
const DATES = [
  /^\w{3}, \d\d? \w{3} \d{4} [\d:]{8} GMT$/,
  /^\w{6,9}, \d\d-\w{3}-\d\d [\d:]{8} GMT$/,
  /^\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}$/,
];

/**
 * `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3), in ms: 0 to some 24 days. What is neither does not count.
 *
 * @param headers of the answer; a date in them is compared with the answer's own `Date`, as clocks differ
 * @param now what counts for the answer's own date if it has none, epoch ms
 */
export function retryAfterMs(headers: Readonly<Record<string, unknown>>, now: number): number | undefined {
  const text = String(headers['retry-after'] ?? '').trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, MAX_WAIT_MS);
  const until = httpDate(text);
  if (until === undefined) return undefined;
  return Math.min(Math.max(0, until - (httpDate(String(headers.date ?? '')) ?? now)), MAX_WAIT_MS);
}

/** Epoch ms. */
function httpDate(text: string): number | undefined {
  if (!DATES.some((form) => form.test(text))) return undefined;
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : date;
}
