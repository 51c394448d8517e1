import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Limited, Limiter } from '../../../domain/limits/limiter.ts';
import { DomainError } from '../../../domain/shared/domain-error.ts';
import { ID_PATTERN } from '../../../domain/shared/id-pattern.ts';
import { isMatch, type RouteStatement } from '../../../domain/shared/route-statement.ts';
import type { LocalLimitStore } from '../../../ports/limits.ts';
import type { Meter, Random } from '../../../ports/system.ts';
import type { RequestLimit } from '../../config/limits.ts';
import { fewASecond } from '../few-a-second.ts';
import type { Caller, GuardedRoute, Guards } from '../guards.ts';
import type { PathParams } from '../known-paths.ts';
import { openSegmentsOf, segmentsOf } from '../route-segments.ts';
import { networkOf } from './network.ts';
import { hiddenPartition, retryAfterSeconds, type ShownLimit, tellLimits } from './rate-limit-fields.ts';

export interface RequestLimitsOptions {
  readonly limits: readonly RequestLimit[];
  /** Buckets of this process, for addresses. */
  readonly local: Pick<LocalLimitStore, 'takeAll'>;
  /** Takes from buckets that all processes share. */
  readonly limiter: Pick<Limiter, 'take'>;
  readonly random: Random;
  readonly meter: Meter;
  readonly warn: (fields: object, message: string) => void;
}

/** A limit as the limits context takes from it. */
interface TakenLimit extends RequestLimit {
  readonly limited: Limited;
}

/** What a limit says of a request. */
interface Verdict {
  readonly limit: RequestLimit;
  readonly allowed: boolean;
  /** In the units of the limit. */
  readonly remaining: number;
  readonly resetSeconds: number;
  readonly retryAfterMs?: number | undefined;
  /** The limit was not the one of all processes, which nobody knows. */
  readonly degraded?: boolean;
  readonly partition?: Uint8Array | undefined;
}

/** The limits that count for a route. */
interface RoutePlan {
  readonly address: readonly TakenLimit[];
  readonly key: readonly TakenLimit[];
  readonly poll: readonly TakenLimit[];
}

/** Limits the requests to Portside itself, as `LIMITS` says. */
export class RequestLimits implements Guards {
  private readonly limits: readonly TakenLimit[];
  private readonly plans = new Map<string, RoutePlan>();
  private readonly warn: (fields: object, message: string) => void;
  private readonly warnOfRefusal: (request: FastifyRequest, fields: object) => void;
  private readonly warnOfStore: (fields: object, message: string) => void;

  constructor(private readonly options: RequestLimitsOptions) {
    this.limits = options.limits.map((limit) => ({ ...limit, limited: limitedBy(limit) }));
    this.warn = fewASecond(options.warn);
    this.warnOfRefusal = fewASecond(({ log }, fields) => log.warn(fields, 'refused a request that is over a limit'));
    this.warnOfStore = fewASecond(options.warn);
  }

  readonly check = (routes: readonly GuardedRoute[]): string[] =>
    this.limits.flatMap(({ name, by, routes: statements }) => {
      const limitable = routes.filter((route) => isLimitable(by, route));
      if (limitable.length === 0) return [`LIMITS must not limit by ${by} in ${name}: there is nothing to limit so`];
      return statements
        .filter((statement) => !limitable.some(({ method, url }) => isMatch(statement, method, openSegmentsOf(url))))
        .map((statement) => `LIMITS must name routes to limit by ${by}: in ${name}, ${inWords(statement)} is none`);
    });

  readonly admitAddress = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { address, poll } = this.planOf(request);
    if (address.length > 0)
      this.conclude(request, reply, this.takeByAddress(counting(address, request), networkOf(request.clientAddress)));
    // Where a key is needed, nobody without one takes from what the poll has.
    if (request.routeOptions.config.key !== true) await this.takeByPoll(poll, request, reply);
  };

  readonly admitCaller = async (request: FastifyRequest, reply: FastifyReply, caller: Caller): Promise<void> => {
    const { key, poll } = this.planOf(request);
    await this.takeShared(counting(key, request), request, reply, caller.subjects[0]);
    if (request.routeOptions.config.key === true) await this.takeByPoll(poll, request, reply);
  };

  readonly admitSender = async (sender: string): Promise<boolean> => {
    for (const limit of this.limits) {
      if (limit.by !== 'sender') continue;
      const { allowed } = await this.take(limit, sender);
      if (allowed) continue;
      this.options.meter.record('RequestsRefused', 1, 'Count');
      this.warn({ limits: [limit.name], by: 'sender' }, 'left a text unanswered that is over a limit');
      return false;
    }
    return true;
  };

  private planOf({ method, routeOptions: { url = '', config } }: FastifyRequest): RoutePlan {
    const name = `${method} ${url}`;
    let plan = this.plans.get(name);
    if (!plan) {
      const counts = this.limits.filter((limit) => canCount(limit, { method, url, config }));
      const by = (partition: RequestLimit['by']) => counts.filter((limit) => limit.by === partition);
      plan = { address: by('address'), key: by('key'), poll: by('poll') };
      this.plans.set(name, plan);
    }
    return plan;
  }

  /** Takes from all of them, or from none. */
  private takeByAddress(limits: readonly TakenLimit[], network: string): Verdict[] {
    const taken = this.options.local.takeAll(
      limits.map(({ limited, cost }) => {
        const { policyId, accuracy } = limited;
        return { policyId, key: network, limit: limited, accuracy, cost };
      }),
    );
    return limits.flatMap((limit, at) => {
      const of = taken[at];
      return of ? [verdict(limit, of.decision, of.at)] : [];
    });
  }

  private async takeByPoll(limits: readonly TakenLimit[], request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { pollId = '' } = request.params as { readonly pollId?: string };
    // The route refuses what can be no id, and what anybody makes up must not be kept.
    if (ID_PATTERN.test(pollId)) await this.takeShared(counting(limits, request), request, reply, pollId);
  }

  /**
   * Takes from one limit after the other, up to the first that refuses.
   *
   * @param whose subject or poll
   */
  private async takeShared(
    limits: readonly TakenLimit[],
    request: FastifyRequest,
    reply: FastifyReply,
    whose: string,
  ): Promise<void> {
    for (const limit of limits) {
      const answer = await this.take(limit, whose);
      this.conclude(request, reply, [{ limit, ...answer, partition: hiddenPartition(whose) }]);
    }
  }

  private async take({ limited, name, by, cost }: TakenLimit, key: string) {
    const answer = await this.options.limiter.take(limited, { key, cost });
    if (answer.degraded) {
      this.options.meter.record('LimitsDegraded', 1, 'Count');
      this.warnOfStore(
        { limits: [name], by },
        'a limit counts for itself: the store does not answer, or has no room for another key',
      );
    }
    return answer;
  }

  /** @throws DomainError `TOO_MANY_REQUESTS` if one of the limits refuses */
  private conclude(request: FastifyRequest, reply: FastifyReply, verdicts: readonly Verdict[]): void {
    tellLimits(reply, verdicts.filter(({ degraded }) => !degraded).map(shown));
    const refusals = verdicts.filter(({ allowed }) => !allowed);
    if (refusals.length === 0) return;
    const names = refusals.map(({ limit }) => limit.name);
    const waitMs = Math.max(...refusals.map(({ retryAfterMs = 1 }) => retryAfterMs));
    const seconds = retryAfterSeconds(waitMs, this.options.random.next());
    this.options.meter.record('RequestsRefused', 1, 'Count');
    this.warnOfRefusal(request, { limits: names, route: request.routeOptions.url });
    throw new DomainError(
      'TOO_MANY_REQUESTS',
      `More requests come than ${names.map((name) => `"${name}"`).join(' and ')} allows. Send this one again in ${seconds} s.`,
      { retryAfterSeconds: seconds, extensions: { 'violated-policies': names } },
    );
  }
}

/** No policy has an id like this, and a limit that changes begins anew. */
const limitedBy = ({ name, requests, perSeconds, burst }: RequestLimit): Limited => ({
  policyId: `=${name}=${requests}/${perSeconds}s*${burst}`,
  version: 0,
  rate: { requests, perSeconds, burst },
  mode: 'enforce',
  accuracy: 'leased',
  onStoreFailure: 'local',
  isOwn: true,
});

/** Whether a limit may count for some request to a route. */
const canCount = ({ by, routes }: RequestLimit, route: GuardedRoute): boolean =>
  isLimitable(by, route) &&
  (routes.length === 0 || routes.some((statement) => isMatch(statement, route.method, openSegmentsOf(route.url))));

const isLimitable = (by: RequestLimit['by'], route: GuardedRoute): boolean =>
  !route.config.neverLimited && hasPartition[by](route);

function inWords({ method, segments, hasRest }: RouteStatement): string {
  const parts = segments.map((segment) => segment ?? '*');
  return `${method} /${[...parts, ...(hasRest ? ['**'] : [])].join('/')}`;
}

const hasPartition: Readonly<Record<RequestLimit['by'], (route: GuardedRoute) => boolean>> = {
  // The texts of all phones come from a few addresses of Twilio.
  address: ({ config }) => !config.takesTexts,
  key: ({ config }) => config.key !== undefined && config.key !== false && !config.ownKey,
  poll: ({ url }) => url.split('/').includes(':pollId'),
  sender: ({ config }) => config.takesTexts === true,
};

/** Those of the limits of a route that count for a request to it. */
const counting = (limits: readonly TakenLimit[], { method, routeOptions, params }: FastifyRequest) =>
  limits.filter(
    ({ routes }) =>
      routes.length === 0 ||
      routes.some((statement) => isMatch(statement, method, segmentsOf(routeOptions.url ?? '', params as PathParams))),
  );

const verdict = (
  limit: RequestLimit,
  decision: {
    readonly allowed: boolean;
    readonly remaining: number;
    readonly resetMs: number;
    readonly retryAt?: number;
  },
  at: number,
): Verdict => ({
  limit,
  allowed: decision.allowed,
  remaining: decision.remaining,
  resetSeconds: Math.ceil(decision.resetMs / 1_000),
  retryAfterMs: decision.retryAt === undefined ? undefined : Math.max(1, decision.retryAt - at),
});

/** Counted in requests, of which each takes `cost`. */
function shown({ limit, allowed, remaining, resetSeconds, retryAfterMs, partition }: Verdict): ShownLimit {
  const { name, requests, perSeconds, burst, cost } = limit;
  const left = allowed ? Math.floor(remaining / cost) : 0;
  const next = cost * (left + 1);
  // Rounded down is what is there before then, so that it is never told too early.
  const sooner = Math.floor(((burst - next) * perSeconds) / requests);
  const moreInSeconds = next > burst ? undefined : Math.max(1, resetSeconds - sooner);
  return {
    name,
    quota: Math.floor(burst / cost),
    windowSeconds: Math.ceil((burst * perSeconds) / requests),
    remaining: left,
    moreInSeconds: allowed ? moreInSeconds : Math.ceil((retryAfterMs ?? 1) / 1_000),
    partition,
  };
}
