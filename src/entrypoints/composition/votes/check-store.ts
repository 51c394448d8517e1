import type { Container } from 'inversify';
import { unfinishedPollsOfFirstRelease } from '../../../adapters/dynamodb/first-release.ts';
import { isEmbedded } from '../../config/core.ts';
import type { VotesConfig } from '../../config/votes.ts';
import { system } from '../compose.ts';
import { dynamoDb } from '../dynamodb.ts';
import { ports } from './module.ts';

/**
 * Whether this version can go on with the polls of the store, and, if the process takes votes, whether it has the key
 * that they are kept under.
 *
 * @returns what hinders it, a sentence each
 * @throws DomainError `STORE_UNAVAILABLE`
 */
export async function checkStore(container: Container, config: VotesConfig): Promise<readonly string[]> {
  const unfinished = await unfinishedPolls(container, config);
  // A start that is refused leaves nothing behind, and so no key either.
  if (unfinished.length > 0 || config.ROLE === 'worker') return unfinished;
  const { keyFingerprint } = container.get(ports.pseudonyms);
  if ((await container.get(ports.voterKeys).putFirst(keyFingerprint)) === keyFingerprint) return [];
  return [
    'VOTER_KEY is not the key that votes are kept under, so that everybody could vote twice. Set the key from before. ' +
      `While no poll is open or scheduled, this command accepts the new one: npm run voter-key -- --replace`,
  ];
}

async function unfinishedPolls(container: Container, config: VotesConfig): Promise<readonly string[]> {
  if (isEmbedded(config)) return [];
  const tallies = config.TALLIES_TABLE;
  const now = container.get(system.clock).now();
  const pollIds = await unfinishedPollsOfFirstRelease(container.get(dynamoDb), tallies, now);
  if (pollIds.length === 0) return [];
  return [
    `TALLIES_TABLE ${tallies} holds polls of Portside 0.1 that are open or scheduled, which this version can only read: ` +
      `${pollIds.join(', ')}. Close them with 0.1 (POST /polls/<pollId>/close), then start this version`,
  ];
}
