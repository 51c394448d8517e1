import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { GrowPoll } from '../../domain/votes/grow-poll.ts';
import { MAX_SHARDS } from '../../domain/votes/poll.ts';
import { endOnFailure } from '../end-on-failure.ts';
import { operate } from './operate.ts';

/** Spreads further votes of a poll over more shards. */
await endOnFailure(async () => {
  const { values } = parseArgs({ options: { poll: { type: 'string' }, shards: { type: 'string' } } });
  const { poll: pollId, shards: text } = values;
  const shards = Number(text);
  if (!pollId || !Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS)
    throw new Error('Say which poll, and how many shards it shall have, 1 to 1000: --poll colors --shards 100');
  const poll = await operate(process.env, ({ container }) => container.get(GrowPoll).execute(pollId, shards));
  pino().info({ pollId: poll.pollId, shards: poll.shards }, 'the poll has this many shards');
});
