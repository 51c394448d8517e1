import { ID_PATTERN } from '../../domain/shared/id-pattern.ts';
import { MAX_SHARDS } from '../../domain/votes/poll.ts';
import { isLoopback } from '../loopback.ts';
import type { CoreConfig } from './core.ts';
import { listOf, matching, type Settings, table, type Values, wholeNumber } from './settings.ts';

export const settings = {
  VOTER_KEY: {
    meaning:
      'Key of the HMAC under which voters and phone numbers are stored, 16 characters or more. ' +
      'The same in every process and for the life of the polls: a start with another key ends with 78. With `STORAGE=memory` ' +
      'one is made if none is given.',
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
      'Poll for texts to numbers that no poll ever named. With `STORAGE=memory` it is `colors` unless set, otherwise there ' +
      'is none.',
    parse: matching(ID_PATTERN, 'must be the id of a poll'),
  },
  TWILIO_AUTH_TOKEN: {
    meaning:
      'Auth token with which Twilio signs its webhooks; several during a rotation, separated by commas. ' +
      'Without one the webhook refuses every text, but for those that this machine sends with `STORAGE=memory`, a loopback ' +
      '`HOST` and no `PUBLIC_BASE_URL`, without `Origin`, `Forwarded` or `X-Forwarded-*`.',
    parse: listOf(matching(/^\S+$/, 'must be one or more tokens separated by commas')),
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
];

/** With `STORAGE=memory` the poll that is there at the start. */
export const defaultPollOf = ({ STORAGE, SMS_DEFAULT_POLL }: VotesConfig): string | undefined =>
  SMS_DEFAULT_POLL ?? (STORAGE === 'memory' ? 'colors' : undefined);

/** Whether the SMS webhook takes unsigned texts from this machine: nobody else can reach the service, by itself or by a proxy. */
export const isOpenWithoutToken = ({ STORAGE, HOST, PUBLIC_BASE_URL }: VotesConfig): boolean =>
  STORAGE === 'memory' && isLoopback(HOST) && PUBLIC_BASE_URL === undefined;

export const notices = (config: VotesConfig): readonly string[] => {
  if (config.TWILIO_AUTH_TOKEN) return [];
  return isOpenWithoutToken(config)
    ? ['TWILIO_AUTH_TOKEN is not set: the SMS webhook is open and takes texts from anybody on this machine']
    : ['TWILIO_AUTH_TOKEN is not set: the SMS webhook refuses every text'];
};
