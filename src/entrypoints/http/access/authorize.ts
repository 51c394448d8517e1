import type { FastifyRequest } from 'fastify';
import { within } from '../../../adapters/common/deadline.ts';
import type { Policies } from '../../../domain/access/policies.ts';
import { DomainError } from '../../../domain/shared/domain-error.ts';
import { textInParameter } from '../../../domain/shared/path-parameter.ts';
import type { PoliciesInForce } from '../../../ports/access.ts';
import type { Clock } from '../../../ports/system.ts';
import type { Caller, Guards } from '../guards.ts';
import { expiredToken } from '../invalid-token.ts';
import type { PathParams } from '../known-paths.ts';

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
): Required<Pick<Guards, 'authorize'>> {
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

const partsOf = new Map<string, readonly string[]>();

/**
 * The segments of a route's path as policies speak of them: each parameter is one, decoded, whatever it holds. What the
 * wildcard of a route takes is as many as it has.
 *
 * @param pattern the path, with `:name` for each parameter
 * @param params percent-decoded
 */
export function segmentsOf(pattern: string, params: PathParams): string[] {
  let parts = partsOf.get(pattern);
  if (!parts) {
    parts = pattern.split('/').slice(1);
    const odd = parts.find((part) => /[:*]/.test(part) && !/^(:\w+|\*)$/.test(part));
    if (odd) throw new Error(`no policy can speak of "${odd}" in the path of a route`);
    partsOf.set(pattern, parts);
  }
  const segments: string[] = [];
  for (const part of parts)
    if (part === '*') segments.push(...(params['*'] ?? '').split('/'));
    else if (part.startsWith(':')) segments.push(parameterIn(params[part.slice(1)] ?? ''));
    else segments.push(part);
  return segments;
}

/** What is no text in base64url stays as it is, for the route to refuse. */
const parameterIn = (parameter: string): string => textInParameter(parameter) ?? parameter;
