import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { contexts } from '../composition/contexts.ts';
import { growPoll } from '../composition/votes/grow-poll.ts';
import { endOnFailure } from '../end-on-failure.ts';

await endOnFailure(async () => {
  const { values } = parseArgs({ options: { poll: { type: 'string' }, shards: { type: 'string' } } });
  const shards = Number(values.shards);
  if (!values.poll || !Number.isInteger(shards) || shards < 1)
    throw new Error('Say which poll and how many shards of each choice: --poll colors --shards 64');
  const poll = await growPoll(process.env, contexts, values.poll, shards);
  pino().info({ pollId: poll.pollId, shards: poll.shards }, 'the poll has this many shards of each choice');
});
