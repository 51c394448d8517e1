import type { TokenVerifier } from '../../ports/tokens.ts';
import { lazily } from '../common/lazily.ts';
import type { HttpTokenVerifier, HttpTokenVerifierOptions } from './token-verifier.ts';

/** A verifier that is loaded with the first token: most processes see none. */
export function lazyTokenVerifier(options: HttpTokenVerifierOptions): TokenVerifier & Pick<HttpTokenVerifier, 'flush'> {
  let loading: Promise<HttpTokenVerifier> | undefined;
  const verifier = lazily(() => {
    loading = import('./token-verifier.ts').then((module) => new module.HttpTokenVerifier(options));
    return loading;
  });
  return {
    check: async (token) => (await verifier()).check(token),
    flush: async () => (await loading?.catch(() => undefined))?.flush(),
  };
}
