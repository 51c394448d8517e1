import type { SlackAccess } from '../../adapters/http/slack-receiver.ts';
import { ID_PATTERN } from '../../domain/shared/id-pattern.ts';
import { MAX_SHARDS } from '../../domain/votes/poll.ts';
import { type CoreConfig, isEmbedded, isForThisMachine } from './core.ts';
import { baseUrl, frameOrigin, listOf, matching, type Settings, table, type Values, wholeNumber } from './settings.ts';

const slackUrl = (text: string): string => {
  if (!/^https?:\/\/[^\s/?#\\]+\/\S*$/i.test(text) || !URL.canParse(text))
    throw new Error('must be the address of an incoming webhook');
  return text;
};

export const settings = {
  VOTER_KEY: {
    meaning:
      'Key of the HMAC under which voters and phone numbers are stored, 16 characters or more. ' +
      'The same in every process and for the life of the polls: a start with another key ends with 78. With `STORAGE=disk` or ' +
      '`memory` one is made if none is given, and kept as long as the data.',
    parse: matching(/^.{16,}$/, 'must have 16 characters or more'),
  },
  VOTES_TABLE: table('votes', 'shards, ballots and voters'),
  TALLIES_TABLE: table('tallies', 'polls and tallies'),
  LEASES_TABLE: table('leases', 'the leases by which processes share the stream of votes'),
  VOTE_SHARDS: {
    meaning: 'Number of counters over which the votes of a new poll are spread; each holds the counts of all choices.',
    fallback: '48',
    parse: wholeNumber(1, MAX_SHARDS),
  },
  SMS_DEFAULT_POLL: {
    meaning:
      'Poll for texts to numbers that no poll ever named. With `STORAGE=disk` or `memory` it is ' +
      '`colors` unless set, otherwise there is none.',
    parse: matching(ID_PATTERN, 'must be the id of a poll'),
  },
  SLACK_WEBHOOK_URL: {
    meaning:
      'Incoming webhook of Slack that is told of feedback, in polls with `notify: {"slack": true}`. What was told is not ' +
      'changed later: for that, give `SLACK_BOT_TOKEN` and `SLACK_CHANNEL` instead.',
    parse: slackUrl,
  },
  SLACK_BOT_TOKEN: {
    meaning: 'Token of a Slack bot with the scope `chat:write`, which tells `SLACK_CHANNEL` of feedback.',
    parse: matching(/^[\x21-\x7e]{10,255}$/, 'must be the token of a bot'),
  },
  SLACK_CHANNEL: {
    meaning: 'Id of the Slack channel that the bot tells, such as `C0123456789`; the bot must be a member.',
    parse: matching(/^[A-Z0-9]{5,30}$/, 'must be the id of a channel, such as C0123456789'),
  },
  SLACK_API_URL: {
    meaning: 'Address in front of the methods of Slack’s API, if not its own.',
    fallback: 'https://slack.com/api',
    parse: baseUrl,
  },
  TWILIO_AUTH_TOKEN: {
    meaning:
      'Auth token with which Twilio signs its webhooks; several during a rotation, separated by commas. ' +
      'Without one the webhook refuses every text, but for those that this machine sends with `STORAGE=disk` or `memory`, a ' +
      'loopback `HOST` and no `PUBLIC_BASE_URL`, without `Origin`, `Forwarded` or `X-Forwarded-*`.',
    parse: listOf(matching(/^\S+$/, 'must be one or more tokens separated by commas')),
  },
  EMBED_ORIGINS: {
    meaning:
      'Origins whose pages may show the voting page in a frame, such as `https://www.example.org`, with commas between. ' +
      'Without one, no page may.',
    parse: listOf(frameOrigin),
  },
} satisfies Settings;

export type VotesConfig = CoreConfig & Values<typeof settings>;

export const check = (config: VotesConfig): readonly string[] => [
  ...(config.TWILIO_AUTH_TOKEN && !config.PUBLIC_BASE_URL
    ? ['TWILIO_AUTH_TOKEN needs PUBLIC_BASE_URL, since Twilio signs the public address']
    : []),
  ...(config.STORAGE === 'dynamodb' && config.ROLE !== 'worker' && !config.VOTER_KEY
    ? ['VOTER_KEY is needed with STORAGE=dynamodb']
    : []),
  ...(config.SLACK_WEBHOOK_URL && config.SLACK_BOT_TOKEN
    ? ['SLACK_WEBHOOK_URL and SLACK_BOT_TOKEN are given both: keep one']
    : []),
  ...(config.SLACK_BOT_TOKEN && !config.SLACK_CHANNEL ? ['SLACK_CHANNEL is needed with SLACK_BOT_TOKEN'] : []),
];

/** How Slack is told of feedback, if it is. */
export function slackAccessOf(config: VotesConfig): SlackAccess | undefined {
  const { SLACK_WEBHOOK_URL: webhookUrl, SLACK_BOT_TOKEN: botToken, SLACK_CHANNEL: channel } = config;
  if (webhookUrl) return { webhookUrl };
  return botToken && channel ? { botToken, channel, apiUrl: config.SLACK_API_URL } : undefined;
}

/** The poll that an embedded storage holds from its first start on. */
export const defaultPollOf = (config: VotesConfig): string | undefined =>
  config.SMS_DEFAULT_POLL ?? (isEmbedded(config) ? 'colors' : undefined);

export const notices = (config: VotesConfig): readonly string[] => {
  if (config.TWILIO_AUTH_TOKEN) return [];
  return isForThisMachine(config)
    ? ['TWILIO_AUTH_TOKEN is not set: the SMS webhook is open and takes texts from anybody on this machine']
    : ['TWILIO_AUTH_TOKEN is not set: the SMS webhook refuses every text'];
};
