import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { ReplaceVoterKey } from '../../domain/votes/replace-voter-key.ts';
import { ConfigError } from '../config/read-config.ts';
import { endOnFailure } from '../end-on-failure.ts';
import { operate } from './operate.ts';

/** Accepts the `VOTER_KEY` of the environment in place of the one that votes are kept under. */
await endOnFailure(async () => {
  const { values } = parseArgs({ options: { replace: { type: 'boolean' } } });
  if (!values.replace)
    throw new Error('To have VOTER_KEY accepted in place of the key that votes are kept under so far, say --replace');
  if (!process.env.VOTER_KEY) throw new ConfigError(['VOTER_KEY is needed: the new key']);
  const outcome = await operate(process.env, ({ container }) => container.get(ReplaceVoterKey).execute());
  if (outcome.kind === 'refused')
    throw new Error(
      'Nothing was changed: voters of an open poll could vote twice under a new key. ' +
        `Close these polls first, which are open or scheduled: ${outcome.pollIds.join(', ')}`,
    );
  pino().info(
    outcome.kind === 'replaced'
      ? 'VOTER_KEY is accepted: polls that are created from now on keep their votes under it'
      : 'VOTER_KEY is the accepted key already; nothing was changed',
  );
});
