import type { FastifyReply, FastifyRequest } from 'fastify';
import { within } from '../../adapters/common/deadline.ts';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';

/** How often a caller is judged again, and how long that may take, ms: together with the age of policies less than 5 s. */
const INTERVAL_MS = 1_000;
const JUDGE_MS = 2_000;

interface Watched {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** @param refusal a DomainError: `STORE_UNAVAILABLE` where nobody could tell in time */
  readonly end: (refusal: unknown) => void;
}

/** Requests whose answers go on, such as event streams: each ends when its caller may not send it any more. */
export class CallerWatch {
  private readonly timers = new Set<NodeJS.Timeout>();

  /** @param judge rejects where the caller is not allowed any more what it does */
  constructor(private readonly judge: (request: FastifyRequest, reply: FastifyReply) => Promise<void>) {}

  /** @returns ends the watch */
  watch({ request, reply, end }: Watched): () => void {
    if (!request.caller) return () => undefined;
    let isJudging = false;
    const timer = setInterval(async () => {
      if (isJudging) return;
      isJudging = true;
      const refusal = await within(JUDGE_MS, this.judge(request, reply)).then(
        (outcome) => outcome && storeUnavailable(),
        (error) => error,
      );
      isJudging = false;
      if (refusal && this.timers.has(timer)) {
        unwatch();
        end(refusal);
      }
    }, INTERVAL_MS);
    const unwatch = (): void => {
      clearInterval(timer);
      this.timers.delete(timer);
    };
    this.timers.add(timer);
    return unwatch;
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.timers.clear();
  }
}
