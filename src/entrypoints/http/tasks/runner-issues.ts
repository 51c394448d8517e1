import type { FieldIssue } from '../../../domain/shared/domain-error.ts';
import type { QueueDraft } from '../../../domain/tasks/queue.ts';
import type { RunnerHosts } from '../../../ports/tasks.ts';

/** Stricter than the standard, by which `http:/example.org` and spaces are fine: what calls a runner takes neither. */
const isHttpUrl = (text: string): boolean => /^https?:\/\/[^\s\\/?#][^\s\\]*$/i.test(text) && URL.canParse(text);

/** What a call says itself, and what belongs to its connection. */
const OF_THE_CALL =
  /^(content-.*|portside-.*|proxy-.*|connection|expect|host|idempotency-key|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/** What is wrong with a runner and no schema can tell. */
export function runnerIssues(runner: QueueDraft['runner'], hosts: RunnerHosts): FieldIssue[] {
  if (!runner) return [];
  const { url, headers = {} } = runner;
  const seen = new Set<string>();
  const ofHeaders = Object.keys(headers).flatMap((name): FieldIssue[] => {
    const path = `runner.headers.${name}`;
    if (OF_THE_CALL.test(name)) return [{ path, message: 'is a header that the call carries itself' }];
    if (seen.has(name.toLowerCase())) return [{ path, message: 'is there already, in other letters' }];
    seen.add(name.toLowerCase());
    return [];
  });
  return [...urlIssues(url, hosts), ...ofHeaders];
}

function urlIssues(url: string, hosts: RunnerHosts): FieldIssue[] {
  const path = 'runner.url';
  if (!isHttpUrl(url)) return [{ path, message: 'must be an address that begins with http:// or https://' }];
  if (!hosts.refuses(url)) return [];
  return [{ path, message: 'names a host that the setting RUNNER_HOSTS does not let runners call' }];
}
