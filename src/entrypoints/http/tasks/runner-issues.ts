import type { FieldIssue } from '../../../domain/shared/domain-error.ts';
import type { QueueDraft } from '../../../domain/tasks/queue.ts';

/** Stricter than the standard, by which `http:/example.org` and spaces are fine: what calls a runner takes neither. */
const isHttpUrl = (text: string): boolean => /^https?:\/\/[^\s\\/?#][^\s\\]*$/i.test(text) && URL.canParse(text);

/** What a call says itself, and what belongs to its connection. */
const OF_THE_CALL =
  /^(content-.*|portside-.*|proxy-.*|connection|expect|host|idempotency-key|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/** What is wrong with a runner and no schema can tell. */
export function runnerIssues({ url, headers = {} }: Partial<QueueDraft['runner']> = {}): FieldIssue[] {
  const seen = new Set<string>();
  const ofHeaders = Object.keys(headers).flatMap((name): FieldIssue[] => {
    const path = `runner.headers.${name}`;
    if (OF_THE_CALL.test(name)) return [{ path, message: 'is a header that the call carries itself' }];
    if (seen.has(name.toLowerCase())) return [{ path, message: 'is there already, in other letters' }];
    seen.add(name.toLowerCase());
    return [];
  });
  const ofUrl = { path: 'runner.url', message: 'must be an address that begins with http:// or https://' };
  return [...(url === undefined || isHttpUrl(url) ? [] : [ofUrl]), ...ofHeaders];
}
