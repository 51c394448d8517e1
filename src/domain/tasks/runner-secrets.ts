import { type FieldIssue, invalidRequest } from '../shared/domain-error.ts';
import type { QueueDraft, QueueSettings, RunnerSettings } from './queue.ts';

/** Stands for what is stored and not shown. */
const HIDDEN = '***';

/** Settings as they may be shown: without the values of headers, the secret, and user and password of the address. */
export const withoutSecrets = <T extends QueueSettings>({
  runner,
  ...settings
}: T): Omit<T, 'runner'> & Pick<T, 'runner'> => ({
  ...settings,
  ...(runner ? { runner: hidden(runner) } : {}),
});

function hidden({ url, headers, secret, ...runner }: RunnerSettings): RunnerSettings {
  const { scheme, user, rest } = partsOf(url);
  return {
    ...runner,
    url: user === undefined ? url : `${scheme}${HIDDEN}@${rest}`,
    ...(headers ? { headers: mapValues(headers, () => HIDDEN) } : {}),
    ...(secret === undefined ? {} : { secret: HIDDEN }),
  };
}

/**
 * A draft in which each `***` is what is stored in its place.
 *
 * @throws DomainError `INVALID_REQUEST` where nothing is stored, or where it would go to another scheme, host or port
 */
export function withSecrets(draft: QueueDraft, stored: RunnerSettings | undefined): QueueDraft {
  const { runner } = draft;
  if (!runner) return draft;
  const isSamePlace = stored !== undefined && originOf(stored.url) === originOf(runner.url);
  const issues: FieldIssue[] = [];
  const revealed = (path: string, given: string, kept: string | undefined): string => {
    if (given !== HIDDEN) return given;
    if (kept === undefined || !isSamePlace)
      issues.push({ path, message: 'is not known for this address; send the value itself in place of ***' });
    return kept ?? given;
  };
  const { scheme, user, rest } = partsOf(runner.url);
  const { headers, secret } = runner;
  const complete = {
    ...runner,
    ...(user === undefined
      ? {}
      : { url: `${scheme}${revealed('runner.url', user, stored && partsOf(stored.url).user)}@${rest}` }),
    ...(headers
      ? {
          headers: mapValues(headers, (value, name) =>
            revealed(`runner.headers.${name}`, value, valueIn(stored?.headers, name)),
          ),
        }
      : {}),
    ...(secret === undefined ? {} : { secret: revealed('runner.secret', secret, stored?.secret) }),
  };
  if (issues.length > 0) throw invalidRequest(...issues);
  return { ...draft, runner: complete };
}

/** A header may be called `constructor`. */
const valueIn = (headers: Readonly<Record<string, string>> = {}, name: string): string | undefined =>
  Object.hasOwn(headers, name) ? headers[name] : undefined;

const mapValues = (
  record: Readonly<Record<string, string>>,
  change: (value: string, name: string) => string,
): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));

/** `https://user:password@host:443/path` in its parts; `user` is what stands before the @. */
function partsOf(url: string): { readonly scheme: string; readonly user: string | undefined; readonly rest: string } {
  const [, scheme = '', authority = '', path = ''] = /^([a-z]+:\/\/)([^/?#]*)(.*)$/is.exec(url) ?? [];
  const at = authority.lastIndexOf('@');
  return { scheme, user: at < 0 ? undefined : authority.slice(0, at), rest: authority.slice(at + 1) + path };
}

/** Scheme, host and port of an address. */
function originOf(url: string): string {
  const { scheme, rest } = partsOf(url.toLowerCase());
  const host = rest.replace(/[/?#].*$/s, '');
  return scheme + host.replace(scheme === 'https://' ? /:443$/ : /:80$/, '');
}
