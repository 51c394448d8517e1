import type { FastifyRequest } from 'fastify';
import type { TokenVerifier } from '../../../ports/tokens.ts';
import { fewASecond } from '../few-a-second.ts';
import type { Guards } from '../guards.ts';
import { expiredToken, InvalidToken } from '../invalid-token.ts';

const REFUSED =
  'The bearer token is not valid here. Send one that an issuer of this service made for it, unchanged and in its time.';

/**
 * Identifies who sends a bearer token.
 *
 * @param knowTime what must be done before the time of the store is used
 */
export function identifyByToken(
  verifier: TokenVerifier,
  knowTime: () => Promise<void>,
): Required<Pick<Guards, 'identify'>> {
  const warn = fewASecond(({ log, routeOptions: { url } }: FastifyRequest, reason: string) =>
    log.warn({ route: url, reason }, 'refused a token'),
  );
  return {
    identify: async (request) => {
      const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
      // Whatever is no token is a key that is not known.
      if (token?.split('.').length !== 3) return undefined;
      await knowTime();
      const check = await verifier.check(token);
      if (check.kind === 'no-token') return undefined;
      if (check.kind === 'accepted') return { subjects: check.subjects, expiresAt: check.expiresAt };
      warn(request, check.reason);
      throw check.isExpired ? expiredToken() : new InvalidToken(REFUSED);
    },
  };
}
