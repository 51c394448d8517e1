import type { Container } from 'inversify';
import { isLockedOut } from '../../../domain/access/policies.ts';
import type { AccessConfig } from '../../config/access.ts';
import { system } from '../compose.ts';
import { ports } from './module.ts';

/**
 * Warns where no key of the configuration may change the policy of a key any more. Only a change of the keys brings that
 * about, and the service can do everything else: it starts all the same.
 *
 * @throws DomainError `STORE_UNAVAILABLE`
 */
export async function checkStore(
  container: Container,
  { ROLE }: AccessConfig,
  keyNames: readonly string[],
): Promise<readonly string[]> {
  if (ROLE !== 'worker' && isLockedOut(await container.get(ports.policies).read(), keyNames))
    container
      .get(system.logger)
      .warn(
        'no key of API_KEYS may put or delete the policy of a key. Add a key with a new name: it has no policy, and so ' +
          'it may do everything',
      );
  return [];
}
