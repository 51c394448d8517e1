import type { FastifyRequest } from 'fastify';
import { within } from '../../../adapters/common/deadline.ts';
import type { Policies } from '../../../domain/access/policies.ts';
import { DomainError } from '../../../domain/shared/domain-error.ts';
import type { PoliciesInForce } from '../../../ports/access.ts';
import type { Clock } from '../../../ports/system.ts';
import type { Caller, Guards } from '../guards.ts';
import { expiredToken } from '../invalid-token.ts';
import type { PathParams } from '../known-paths.ts';
import { segmentsOf } from '../route-segments.ts';

/** How long a request that bears older policies waits for the current ones, ms. */
const LAST_KNOWN_AFTER_MS = 200;

/**
 * Judges requests by policies, those of tokens until they expire.
 *
 * @param clock the store's
 */
export function authorizeByPolicies(
  inForce: PoliciesInForce,
  clock: Pick<Clock, 'now'>,
): Required<Pick<Guards, 'authorize' | 'mayUse'>> {
  return {
    authorize: (request, _, caller) => {
      // An answer that goes on is judged again and again.
      if (caller.expiresAt !== undefined && caller.expiresAt <= clock.now()) throw expiredToken();
      const { config } = request.routeOptions;
      if (config.openToCallers) return;
      const policies = config.bearsStalePolicies ? currentOrLast(request, inForce) : inForce.current();
      // Most requests find them at hand, and need not wait a turn.
      if (policies instanceof Promise) return policies.then((read) => judge(request, caller, read));
      judge(request, caller, policies);
    },
    mayUse: async ({ subjects }, method, segments) =>
      (await inForce.current()).decide(subjects, method, segments).allowed,
  };
}

async function currentOrLast(request: FastifyRequest, inForce: PoliciesInForce): Promise<Policies> {
  const last = inForce.lastKnown();
  const current = Promise.resolve().then(() => inForce.current());
  if (!last) return current;
  const found = await within(
    LAST_KNOWN_AFTER_MS,
    current.catch(() => 'failed' as const),
  );
  request.policiesStale = found === 'late' || found === 'failed';
  return found === 'late' || found === 'failed' ? last : found;
}

/** @throws DomainError `FORBIDDEN`, without a word on what there is that the caller may not know */
function judge(request: FastifyRequest, { subjects }: Caller, policies: Policies): void {
  const { method, params, routeOptions, log } = request;
  const { allowed, by } = policies.decide(
    subjects,
    method,
    segmentsOf(routeOptions.url as string, params as PathParams),
  );
  if (allowed) return;
  log.info({ subjects, route: routeOptions.url, by: by ?? null }, 'refused by the policies');
  throw new DomainError('FORBIDDEN', 'The policies of this service do not allow the caller this request.');
}
