import { describe, expect, it } from '@jest/globals';
import { contexts } from '../../../src/entrypoints/composition/contexts.ts';
import { type CoreConfig, coreNotices, coreSettings } from '../../../src/entrypoints/config/core.ts';
import { type ConfigError, readConfig } from '../../../src/entrypoints/config/read-config.ts';
import type { Settings } from '../../../src/entrypoints/config/settings.ts';

const KEY = 'key-of-16-letters';
const settings: Settings = Object.assign({}, coreSettings, ...contexts.map((context) => context.settings));

interface Row {
  /** Texts, and what they are read as where that is not the text itself. */
  readonly taken: readonly (string | readonly [text: string, value: unknown])[];
  readonly refused: readonly string[];
  /** Of the complaint, behind the name of the setting. */
  readonly words: RegExp;
}

/** Whole numbers of plain digits, without a sign. */
const numbers = (min: number, max: number): Row => ({
  taken: [
    [String(min), min],
    [String(max), max],
    [`0${max}`, max],
  ],
  refused: [String(max + 1), '-1', '+1', `${min + 1}.0`, '1e3', '0x10', ' 20', '20 ', '٢٠', '9'.repeat(16), 'x'],
  words: new RegExp(`^must be a whole number, ${min} to ${max}$`),
});
const words = (...values: string[]): Row => ({
  taken: values,
  refused: [String(values[0]).toUpperCase(), ` ${values[0]}`, `${values[0]},${values[1]}`, 'toString', '__proto__'],
  words: new RegExp(`^must be one of: ${values.join(', ')}$`),
});
const table: Row = {
  taken: ['abc', 'Portside_votes-1.2'],
  refused: ['ab', 'a b c', 'tables/votes', 'töne', 'a'.repeat(256), 'abc\n'],
  words: /^must be the name of a table$/,
};

const endpoint: Row = {
  taken: ['http://127.0.0.1:8000', ['http://dynamodb:8000/', 'http://dynamodb:8000']],
  refused: ['nonsense', '127.0.0.1:8000', 'ftp://dynamodb', 'http://', 'http://a:port'],
  words: /^must be an address that begins with http/,
};

const rows: Readonly<Record<string, Row>> = {
  HOST: { taken: ['0.0.0.0', '::1', 'localhost'], refused: [' ', 'a b', '127.0.0.1\n'], words: /^must be an address/ },
  PORT: numbers(0, 65_535),
  LOG_LEVEL: words('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  METRICS_NAMESPACE: { taken: ['Portside/main'], refused: ['a b', 'a:b', 'ä'], words: /^may have letters/ },
  STORAGE: words('disk', 'memory', 'dynamodb'),
  TRUST_PROXY: numbers(0, 10),
  DATA_DIR: { taken: ['./data', '/data', 'a b'], refused: ['\0'], words: /^must be the path/ },
  AWS_REGION: {
    taken: ['eu-west-1', 'us-gov-east-1'],
    refused: ['-', 'eu-west-', 'EU-WEST-1', 'eu west', 'eu--west'],
    words: /^must be the name of a region/,
  },
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoint,
  TABLE_PREFIX: { taken: ['a', 'portside-'], refused: ['a b', 'a/', 'a'.repeat(201)], words: /^may have letters/ },
  PUBLIC_BASE_URL: {
    taken: [
      ['https://a.example.org', ['https://a.example.org']],
      ['https://A.example.org/Votes/, http://b:80', ['https://A.example.org/Votes', 'http://b:80']],
    ],
    refused: ['a.example.org', 'https://', 'https://a/?q', 'https://a/#x', 'https:\\\\a', 'https://a b', 'https://a,'],
    words: /^must be an address that begins with http:\/\/ or https:\/\/ and has no query/,
  },
  CORS_ORIGINS: {
    taken: [
      ['*', ['*']],
      ['https://a.example.org,http://localhost:3000', ['https://a.example.org', 'http://localhost:3000']],
    ],
    refused: [
      'null',
      'https://a/',
      'https://A',
      'https://a:443',
      'https://*.example.org',
      'a',
      'https://a,',
      'file://',
    ],
    words: /^must be \* or an origin as a browser names it/,
  },
  EMBED_ORIGINS: {
    taken: [['https://a.example.org,http://localhost:3000', ['https://a.example.org', 'http://localhost:3000']]],
    refused: [
      '*',
      'null',
      'https://a/',
      'https://A',
      'https://a:443',
      'https://a;script-src',
      "https://'self'",
      'https://[::1]',
    ],
    words: /^must be an origin as a browser names it/,
  },
  ROLE: words('all', 'api', 'worker'),
  API_KEYS: {
    taken: [
      [
        `a=${KEY}, b=${KEY}=2`,
        [
          { name: 'a', key: KEY },
          { name: 'b', key: `${KEY}=2` },
        ],
      ],
      [` {"a": "${KEY}"}`, [{ name: 'a', key: KEY }]],
    ],
    refused: [
      KEY,
      `=${KEY}`,
      `a b=${KEY}`,
      `a=${KEY},`,
      'a=short',
      `a=${KEY},schedule=${KEY}`,
      `{"token": "${KEY}"}`,
      `a=${'x'.repeat(129)}`,
      'a=key of 16 letters',
      '{}',
      '{',
      `["${KEY}"]`,
      '{"a": 12345678901234567890}',
      `{"a": ["${KEY}"]}`,
      '{"a": null}',
    ],
    words: /^must be name=key,name=key or \{/,
  },
  METRICS_KEY: {
    taken: [KEY, 'x'.repeat(128)],
    refused: ['short', 'x'.repeat(129), 'key of 16 letters', `${KEY}\n`, 'ü'.repeat(16)],
    words: /^must have 16 to 128 visible ASCII characters$/,
  },
  SECURITY_CONTACT: {
    taken: ['mailto:a@example.org', 'https://example.org/report', 'tel:+15005550006', ['a@b.c', 'mailto:a@b.c']],
    refused: [
      'a',
      'http://example.org',
      'https://',
      'https://?',
      'mailto:',
      'a@b.c\nExpires: never',
      'a b@c',
      'data:x',
    ],
    words: /^must be a mailto:, https: or tel: address$/,
  },
  SWEEP_SECONDS: numbers(1, 3_600),
  STOP_SECONDS: numbers(10, 900),
  DRAIN_SECONDS: numbers(0, 5),
  VOTER_KEY: { taken: [KEY], refused: ['short', `${'x'.repeat(15)}`, 'short\n'.repeat(9)], words: /^must have 16/ },
  VOTES_TABLE: table,
  TALLIES_TABLE: table,
  LEASES_TABLE: table,
  VOTE_SHARDS: numbers(1, 1_000),
  SMS_DEFAULT_POLL: {
    taken: ['colors'],
    refused: ['a/b', '-a', 'a'.repeat(65), 'a\n'],
    words: /^must be the id of a poll$/,
  },
  SLACK_WEBHOOK_URL: {
    taken: ['https://hooks.slack.com/services/T0/B0/secret'],
    refused: ['hooks.slack.com/services', 'https://hooks.slack.com', 'https://a b/c'],
    words: /^must be the address of an incoming webhook$/,
  },
  SLACK_BOT_TOKEN: {
    taken: ['xoxb-0123456789'],
    refused: ['short', 'xoxb 0123456789'],
    words: /^must be the token of a bot$/,
  },
  SLACK_CHANNEL: {
    taken: ['C0123456789'],
    refused: ['#general', 'c0123456789', 'C1'],
    words: /^must be the id of a channel/,
  },
  SLACK_API_URL: {
    taken: [['https://slack.example.org/api/', 'https://slack.example.org/api']],
    refused: ['slack.com/api', 'https://slack.com/api?x'],
    words: /^must be an address/,
  },
  TWILIO_AUTH_TOKEN: {
    taken: [['a, b', ['a', 'b']]],
    refused: ['a b', 'a,', ','],
    words: /^must be one or more tokens/,
  },
  TASKS_TABLE: table,
  QUEUES_TABLE: table,
  WAKE_UPS_TOPIC_ARN: {
    taken: ['arn:aws:sns:eu-west-1:123456789012:wake-ups'],
    refused: ['wake-ups', 'arn:aws:sqs:eu-west-1:123456789012:wake-ups', 'arn:aws:sns:eu-west-1:123456789012:'],
    words: /^must be the ARN of an SNS topic$/,
  },
  TASK_RETENTION_DAYS: numbers(1, 3_650),
  RUNNER_HOSTS: {
    taken: [
      ['*.example.org', [{ domain: 'example.org' }]],
      [
        '10.0.0.0/8,::1/128',
        [{ block: { address: '10.0.0.0', prefix: 8 } }, { block: { address: '::1', prefix: 128 } }],
      ],
    ],
    refused: ['*', '10.0.0.0/33', '::/129', 'http://a', 'a..b', 'a:80', 'a,', '10.0.0/8', '0x7f.1', '-'],
    words: /^must list hosts, domains such as/,
  },
  CACHE: words('memory', 'redis'),
  REDIS_URL: { taken: ['redis://a'], refused: ['a', 'http://a', 'redis://', 'redis://a/x'], words: /^must (be|have)/ },
  RATE_SOURCES: {
    taken: [['frankfurter,reference', [{ name: 'frankfurter' }, { name: 'reference' }]]],
    refused: [
      'Frankfurter',
      'a',
      'frankfurter,',
      'reference=https://a',
      'frankfurter=a',
      'frankfurter=ftp://a',
      'toString',
    ],
    words: /^must (name|have)/,
  },
  RATES_TTL_SECONDS: { ...numbers(1, 31_536_000), taken: [['1', 1]] },
  RATES_MAX_FRESH_SECONDS: { ...numbers(1, 31_536_000), taken: [['20', 20]] },
  RATES_MAX_STALE_SECONDS: numbers(0, 31_536_000),
  RATES_MAX_AS_OF_AGE_SECONDS: { ...numbers(1, 3_153_600_000), taken: [['3600', 3_600]] },
  DEFAULT_CURRENCIES: {
    taken: [['EUR, GBX', ['EUR', 'GBX']]],
    refused: ['eur', 'AAA', 'BGN', 'XAU', 'EUR,', 'EUR;USD', ','],
    words: /^must be currencies of ISO 4217 with commas between them/,
  },
  ROUNDING: words('half-up', 'half-even'),
  STOCKS_TABLE: table,
  LIMITS: {
    taken: [
      [
        'all=1000000/1s*1000000, votes=2/86400s*3;by=poll;cost=3;routes=POST /polls/*/votes',
        [
          { name: 'all', requests: 1_000_000, perSeconds: 1, burst: 1_000_000, by: 'address', cost: 1, routes: [] },
          {
            name: 'votes',
            requests: 2,
            perSeconds: 86_400,
            burst: 3,
            by: 'poll',
            cost: 3,
            routes: [{ method: 'POST', segments: ['polls', null, 'votes'], hasRest: false }],
          },
        ],
      ],
    ],
    refused: [
      '1/1s',
      'a b=1/1s',
      'a=1',
      'a=1/1',
      'a=0/1s',
      'a=1000001/1s*1',
      'a=1/86401s',
      'a=1/1s*1000001',
      'a=1/1s*0',
      'a=-1/1s',
      'a=1/1s;by=ip',
      'a=1/1s;cost=2',
      'a=1/1s;routes=/polls',
      'a=1/1s,',
    ],
    words: /^(routes= )?must (begin with a name|have a rate|have a cost|limit by one of|be a method)/,
  },
  LIMITS_TABLE: table,
  POLICIES_TABLE: table,
  FLAGS_TABLE: table,
  SOCKET_CONNECTIONS_URL: {
    taken: ['https://abc.execute-api.eu-west-1.amazonaws.com/v1'],
    refused: ['wss://abc.execute-api.eu-west-1.amazonaws.com/v1', 'abc', 'https://a.example.org/v1?b'],
    words: /^must be an address that begins with http/,
  },
  TOKEN_ISSUERS: {
    taken: [
      ['https://a.example=b', [{ url: 'https://a.example', audience: 'b' }]],
      ['crew@http://127.0.0.1:9000/x=b=c', [{ name: 'crew', url: 'http://127.0.0.1:9000/x', audience: 'b=c' }]],
    ],
    refused: ['https://a.example', 'a.example=b', 'http://a.example=b', 'https://a.example=', 'https://a.example/?x=b'],
    words: /^must be \[<name>@\]<issuer URL>=<audience>/,
  },
  TOKEN_GROUPS_CLAIM: {
    taken: ['groups', 'https://a.example/roles'],
    refused: ['my groups', 'gröups', 'a'.repeat(129), '\n'],
    words: /^must be the name of a claim/,
  },
};

const parsed = (name: string, text: string): unknown => settings[name]?.parse(text);

function complaintAbout(name: string, text: string): string {
  try {
    return `takes ${JSON.stringify(text)} as ${JSON.stringify(parsed(name, text))}`;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the value of a setting', () => {
  it('is tried here for every setting that there is', () => {
    expect(Object.keys(rows).sort()).toEqual(Object.keys(settings).sort());
  });

  it.each(Object.entries(rows))('%s', (name, { taken, refused, words: expected }) => {
    for (const row of taken) {
      const [text, value] = typeof row === 'string' ? [row, row] : row;
      const read = parsed(name, text);
      expect([text, JSON.parse(JSON.stringify(read))]).toEqual([text, value]);
    }
    for (const text of refused)
      expect([text, complaintAbout(name, text)]).toEqual([text, expect.stringMatching(expected)]);
  });

  it('is complained about under its name, and its default is not', () => {
    const bad = Object.fromEntries(Object.entries(rows).map(([name, { refused }]) => [name, refused[0]]));
    const named = (env: Record<string, string | undefined>): (string | undefined)[] => {
      try {
        readConfig(env, contexts);
        return [];
      } catch (error) {
        return (error as ConfigError).problems.map((problem) => problem.split(' ', 1)[0]);
      }
    };

    expect(named(bad).sort()).toEqual(Object.keys(rows).sort());
    expect(named({})).toEqual([]);
  });
});

describe('a key', () => {
  it.each([
    [16, true],
    [31, true],
    [32, false],
    [128, false],
  ])('of %d characters is warned about: %s, by its name alone', (length, isWarned) => {
    const key = 'k'.repeat(length);
    const notices = coreNotices(readConfig({ API_KEYS: `admin=${key}` }, contexts) as CoreConfig);

    expect(notices).toEqual(isWarned ? [expect.stringMatching(/^API_KEYS: the key admin has fewer/)] : []);
    expect(notices.join()).not.toContain(key);
  });
});
