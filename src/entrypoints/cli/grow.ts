import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { MAX_SHARDS } from '../../domain/votes/poll.ts';
import { contexts } from '../composition/contexts.ts';
import { growPoll } from '../composition/votes/grow-poll.ts';
import { endOnFailure } from '../end-on-failure.ts';

await endOnFailure(async () => {
  const { values } = parseArgs({ options: { poll: { type: 'string' }, shards: { type: 'string' } } });
  const shards = Number(values.shards);
  if (!values.poll || !Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS)
    throw new Error('Say which poll, and how many shards it shall have, 1 to 1000: --poll colors --shards 100');
  const poll = await growPoll(process.env, contexts, values.poll, shards);
  pino().info({ pollId: poll.pollId, shards: poll.shards }, 'the poll has this many shards');
});
