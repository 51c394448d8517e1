/** Answers below 500 after which the same request may succeed. */
const PASSING = new Set([408, 425, 429]);

/** Whether the same request may succeed later. */
export const isPassing = (status: number): boolean => status >= 500 || PASSING.has(status);

/** `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3), in ms from now (epoch ms); what is neither does not count. */
export function retryAfterMs(header: unknown, now: number): number | undefined {
  const text = String(header ?? '').trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
