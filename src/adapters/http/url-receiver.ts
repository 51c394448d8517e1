import type { Feedback } from '../../domain/votes/feedback.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import type { Clock } from '../../ports/system.ts';
import type { Delivery } from '../../ports/votes.ts';
import { type AllowedHosts, hostOf } from './allowed-hosts.ts';
import { beginningOf } from './answer-body.ts';
import { AddressRefused, HttpPoster, Unanswered } from './post.ts';
import { isRetryable, retryAfterMs } from './retry-after.ts';

const TIMEOUT_MS = 8_000;
const DEFAULT_WAIT_MS = 30_000;
/** How much of a refusal is kept, bytes. */
const MAX_REFUSAL_BYTES = 200;
/** Answers that say that the request was not carried out. */
const WAIT = new Set([425, 429]);

/**
 * Tells a service of a feedback, by `POST`. All attempts to tell of one revision have one `Idempotency-Key`; one that may be a
 * repeat also says so in `Portside-Repeat`.
 */
export class UrlReceiver {
  /** Connections are not kept: a request that was lost on one might be sent again, and would not say that it is a repeat. */
  private readonly poster = new HttpPoster(false);

  constructor(
    private readonly hosts: AllowedHosts,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  refuses(url: string): boolean {
    return this.hosts.refuses(url);
  }

  async tell(url: string, { pollId }: Poll, feedback: Feedback): Promise<Delivery> {
    const { id, ballot, choice, answers, revision, settledAt, mayBeRepeat } = feedback;
    if (this.hosts.refuses(url)) return refused(url);
    const body = JSON.stringify({
      pollId,
      ballot,
      choice,
      answers: Object.fromEntries(answers.map((answer) => [answer.id, answer.text])),
      revision,
      settledAt: new Date(settledAt).toISOString(),
    });
    const host = hostOf(url);
    try {
      const answer = await this.poster.post(new URL(url), {
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'portside',
          'idempotency-key': id,
          ...(mayBeRepeat ? { 'portside-repeat': 'perhaps' } : {}),
        },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        allows: (address) => this.hosts.allows(host, address),
      });
      const { statusCode: status = 0, headers } = answer;
      if (status >= 200 && status < 300) {
        // The status says it all, whatever becomes of the body.
        answer.on('error', () => undefined).resume();
        return { kind: 'told' };
      }
      const text = await beginningOf(answer, MAX_REFUSAL_BYTES);
      const error = `The service answered ${status}${text ? `: ${text}` : '.'}`;
      if (WAIT.has(status))
        return { kind: 'wait', retryAfterMs: retryAfterMs(headers, this.clock.now()) ?? DEFAULT_WAIT_MS, error };
      return { kind: isRetryable(status) ? 'unknown' : 'refused', error };
    } catch (error) {
      const { cause, reached } = error instanceof Unanswered ? error : { cause: error, reached: true };
      if (cause instanceof AddressRefused) return refused(url);
      const { code, name } = cause as { code?: string; name?: string };
      return { kind: reached ? 'unknown' : 'unreached', error: `The service gave no answer: ${code ?? name}.` };
    }
  }
}

const refused = (url: string): Delivery => ({
  kind: 'refused',
  error: `The setting RUNNER_HOSTS does not let ${hostOf(url)} be called.`,
});
