import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { contexts } from '../composition/contexts.ts';
import { replaceVoterKey } from '../composition/votes/replace-voter-key.ts';
import { endOnFailure } from '../end-on-failure.ts';

await endOnFailure(async () => {
  const { values } = parseArgs({ options: { replace: { type: 'boolean' } } });
  if (!values.replace)
    throw new Error('To have VOTER_KEY accepted in place of the key that votes are kept under so far, say --replace');
  const outcome = await replaceVoterKey(process.env, contexts);
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
