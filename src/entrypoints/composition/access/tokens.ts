import type { Container, ContainerModuleLoadOptions } from 'inversify';
import { lazyTokenVerifier } from '../../../adapters/http/lazy-token-verifier.ts';
import { elapsedTime } from '../../../adapters/system/elapsed-time.ts';
import type { TokenVerifier } from '../../../ports/tokens.ts';
import type { Values } from '../../config/settings.ts';
import type { tokenSettings } from '../../config/token-issuers.ts';
import { identifyByToken } from '../../http/access/identify.ts';
import { fewASecond } from '../../http/few-a-second.ts';
import type { Guards } from '../../http/guards.ts';
import { system } from '../compose.ts';
import { token } from '../token.ts';

type TokenConfig = Values<typeof tokenSettings>;

const tokenVerifier = token<TokenVerifier>('TokenVerifier');

/** Binds what verifies bearer tokens. */
export function bindTokens({ bind }: ContainerModuleLoadOptions, config: TokenConfig): void {
  bind(tokenVerifier).toResolvedValue(
    (clock, machine, lifecycle, logger) => {
      const verifier = lazyTokenVerifier({
        issuers: config.TOKEN_ISSUERS ?? [],
        groupsClaim: config.TOKEN_GROUPS_CLAIM,
        clock,
        elapsed: elapsedTime(() => machine.now()),
        onWarning: fewASecond((issuer, message) => logger.warn({ issuer }, `an issuer of tokens: ${message}`)),
      });
      lifecycle.onSettle(() => verifier.flush());
      return verifier;
    },
    [system.clock, system.machineClock, system.lifecycle, system.logger],
  );
}

/** Identifies callers by their tokens, where there are issuers of them. */
export function tokenGuards(container: Container, { TOKEN_ISSUERS }: TokenConfig): Pick<Guards, 'identify'> {
  if (TOKEN_ISSUERS === undefined) return {};
  const lifecycle = container.get(system.lifecycle);
  return identifyByToken(container.get(tokenVerifier), () => lifecycle.resume());
}
