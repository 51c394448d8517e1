import { rateIssues } from '../../domain/limits/policy.ts';
import { ID_PATTERN } from '../../domain/shared/id-pattern.ts';
import { type RouteStatement, readStatement } from '../../domain/shared/route-statement.ts';
import type { CoreConfig } from './core.ts';
import { listOf, type Settings, table, type Values } from './settings.ts';
import type { StocksConfig } from './stocks.ts';

/** What has a bucket of its own under a limit. */
const PARTITIONS = ['address', 'key', 'poll', 'sender'] as const;
export type Partition = (typeof PARTITIONS)[number];

/** A limit of requests to Portside itself. */
export interface RequestLimit {
  readonly name: string;
  /** So many requests in so many seconds, steadily. */
  readonly requests: number;
  readonly perSeconds: number;
  /** So much at once. */
  readonly burst: number;
  readonly by: Partition;
  /** What a request takes of the burst. */
  readonly cost: number;
  /** The routes that are limited; all if it is empty. */
  readonly routes: readonly RouteStatement[];
}

const RATE = /^(\d{1,10})\/(\d{1,5})s(?:\*(\d{1,10}))?$/;

/**
 * `<name>=<requests>/<seconds>s[*<burst>][;by=…][;cost=<n>][;routes=<METHOD /path>]…`
 *
 * @throws Error that says everything that is wrong with it
 */
function parseLimit(text: string): RequestLimit {
  const problems: string[] = [];
  const [, name = '', rate = '', options = ''] = /^([^=;]*)=([^;]*)((?:;.*)?)$/s.exec(text) ?? [];
  if (!ID_PATTERN.test(name))
    problems.push('must begin with a name and =, such as votes=100/10s; a name has 1–64 letters, digits, _ and -');
  const [, requests, perSeconds, burst = requests] = (RATE.exec(rate) ?? []).map(numberIn);
  if (requests === undefined || perSeconds === undefined || burst === undefined)
    problems.push('must have a rate such as 100/10s or, with a burst, 100/10s*500');
  else
    problems.push(
      ...rateIssues({ requests, perSeconds, burst }).map(
        ({ path, message }) => `must have a rate that holds: its ${path.replace('rate.', '')} ${message}`,
      ),
    );

  const given = new Map<string, string>();
  const routes: RouteStatement[] = [];
  for (const option of options.split(';').slice(1)) {
    const [, key = '', value = ''] = /^\s*([^=]*)=(.*?)\s*$/s.exec(option) ?? [];
    if (key === 'routes') {
      const statement = readStatement(value);
      if (typeof statement === 'string') problems.push(`routes= ${statement}`);
      else routes.push(statement);
    } else if (!['by', 'cost'].includes(key)) problems.push('may have by=, cost= and routes= alone after the rate');
    else if (given.has(key)) problems.push(`must say ${key}= once`);
    else given.set(key, value);
  }
  const by = given.get('by') ?? 'address';
  if (!isPartition(by)) problems.push(`must limit by one of: ${PARTITIONS.join(', ')}`);
  const cost = given.get('cost') ?? '1';
  if (!/^[1-9]\d{0,9}$/.test(cost)) problems.push('must have a whole number from 1 as cost=');
  else if (burst !== undefined && Number(cost) > burst) problems.push('must have a cost= of at most its burst');

  if (problems.length > 0) throw new Error([...new Set(problems)].join(', '));
  return { name, requests, perSeconds, burst, by, cost: Number(cost), routes } as RequestLimit;
}

const numberIn = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

const isPartition = (text: string): text is Partition => (PARTITIONS as readonly string[]).includes(text);

export const settings = {
  LIMITS: {
    meaning:
      'Limits of requests to Portside itself, with commas between: `<name>=<requests>/<seconds>s[*<burst>]`, then any of ' +
      '`;by=address` (unless said), `;by=key` (the caller), `;by=poll` (the `{pollId}` of the route) or `;by=sender` (of a ' +
      'text), `;cost=<n>` and `;routes=<METHOD /path>`, several if need be, with `*` for any method or one segment and a ' +
      'last `/**` for all that follows; all routes without. `votes=200/1s*2000;routes=POST /polls/*/votes` lets an address ' +
      'cast 200 votes a second and 2,000 at once. See [limits](limits.md).',
    parse: listOf(parseLimit),
  },
  LIMITS_TABLE: table('limits', 'limits: their policies, what their keys have taken, and counts'),
} satisfies Settings;

/** Where there is a Redis for rates, limits use it too. */
export type LimitsConfig = CoreConfig & Values<typeof settings> & Partial<Pick<StocksConfig, 'CACHE' | 'REDIS_URL'>>;

/** Rules between these settings: a sentence for each that is broken. */
export function check({ LIMITS = [] }: Pick<LimitsConfig, 'LIMITS'>): string[] {
  const names = LIMITS.map(({ name }) => name);
  const doubled = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  return [...doubled].map((name) => `LIMITS must name its limits differently: ${name} is there more than once`);
}
