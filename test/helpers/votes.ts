import type { Ballot } from '../../src/domain/votes/ballot.ts';
import { CHANNELS, POLL_VERSION, type Poll } from '../../src/domain/votes/poll.ts';
import type { ShardImage } from '../../src/domain/votes/tally.ts';

/** An open poll, unless the fields say otherwise. */
export const aPoll = (fields: Partial<Poll> = {}): Poll => ({
  pollId: 'colors',
  version: POLL_VERSION,
  question: 'Which colour?',
  choices: ['RED', 'GREEN', 'BLUE'],
  createdAt: Date.UTC(2026, 0, 1),
  voterLimit: 'none',
  channels: CHANNELS,
  hideUntilClose: false,
  shards: 4,
  ...fields,
});

/** A vote for the first choice, unless the fields say otherwise. */
export const aBallot = (ballotId: string, fields: Partial<Ballot> = {}): Ballot => ({
  pollId: 'colors',
  ballotId,
  choices: [0],
  channel: 'web',
  acceptedAt: Date.UTC(2026, 0, 1),
  ...fields,
});

/** A counter with one vote for the first choice, unless the fields say otherwise. */
export const shardImage = (fields: Partial<ShardImage> = {}): ShardImage => ({
  pollId: 'colors',
  region: 'eu-west-1',
  shard: 0,
  votes: [1],
  ballots: 1,
  closed: 0,
  lastVoteAt: 1_000,
  ...fields,
});
