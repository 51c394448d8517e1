import type { AxiosInstance, AxiosResponse } from 'axios';
import type { Feedback } from '../../domain/votes/feedback.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import type { Clock } from '../../ports/system.ts';
import type { Delivery } from '../../ports/votes.ts';
import { boundedClient } from './bounded-client.ts';
import { retryAfterMs } from './retry-after.ts';
import { digestOf, messageOn, type SlackMessage } from './slack-message.ts';

/** A webhook takes messages to one channel; with the token of a bot a message can be changed later. */
export type SlackAccess =
  | { readonly webhookUrl: string }
  | { readonly botToken: string; readonly channel: string; readonly apiUrl: string };

const TIMEOUT_MS = 8_000;
const MAX_BODY_BYTES = 256 * 1024;
/** Where Slack does not say how long to wait, ms. */
const DEFAULT_WAIT_MS = 30_000;
/** Slack takes one message a second. */
const MIN_WAIT_MS = 1_000;
/** How much of an answer is kept in an error. */
const MAX_REASON = 200;

/** What Slack says where it does not know itself whether it has taken a message. */
const UNSURE = new Set([
  'internal_error',
  'fatal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
]);
/** Why a message cannot be changed any more; another one is sent then. */
const GONE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'channel_not_found']);
/** No connection was made. */
const UNREACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Tells a Slack channel. It follows no redirects: they could carry the token elsewhere. */
export class SlackReceiver {
  private readonly http = boundedClient(MAX_BODY_BYTES);

  constructor(
    private readonly access: SlackAccess,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** As `FeedbackReceiver.tell`. */
  async tell(poll: Poll, feedback: readonly Feedback[]): Promise<Delivery> {
    const [first] = feedback;
    const message = feedback.length > 1 || !first ? digestOf(poll, feedback) : messageOn(poll, first);
    const { access } = this;
    if ('webhookUrl' in access) return this.outcomeOfWebhook(() => this.post(access.webhookUrl, message));
    const reference = feedback.length === 1 ? first?.told?.reference : undefined;
    if (reference !== undefined) {
      // A change that comes twice is the same change.
      const change = messageOn(poll, { ...(first as Feedback), mayBeRepeat: false });
      const changed = await this.call(access, 'chat.update', { ...change, ts: tsIn(reference) }, channelIn(reference));
      if (changed.kind !== 'refused' || !GONE.has(changed.error)) return changed;
    }
    const posted = await this.call(access, 'chat.postMessage', message, access.channel);
    // Of a digest nothing is changed later.
    return posted.kind === 'told' && feedback.length > 1 ? { kind: 'told' } : posted;
  }

  private async call(
    { botToken, apiUrl }: Extract<SlackAccess, { botToken: string }>,
    method: 'chat.postMessage' | 'chat.update',
    message: SlackMessage & { readonly ts?: string },
    channel: string,
  ): Promise<Delivery> {
    const body = { ...message, channel, parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false };
    const sent = await this.send(() => this.post(`${apiUrl}/${method}`, body, { authorization: `Bearer ${botToken}` }));
    if ('kind' in sent) return sent;
    const answer = answerIn(sent.data);
    if (sent.status === 200 && answer?.ok === true)
      return typeof answer.ts === 'string'
        ? { kind: 'told', reference: `${typeof answer.channel === 'string' ? answer.channel : channel}/${answer.ts}` }
        : { kind: 'told' };
    const error = typeof answer?.error === 'string' ? answer.error.slice(0, MAX_REASON) : undefined;
    if (error === 'ratelimited' || error === 'rate_limited') return this.wait(sent);
    if (sent.status >= 500 || error === undefined || UNSURE.has(error)) return unsure(sent.status, error ?? '');
    return { kind: 'refused', error };
  }

  private async outcomeOfWebhook(post: () => Promise<AxiosResponse<string>>): Promise<Delivery> {
    const sent = await this.send(post);
    if ('kind' in sent) return sent;
    if (sent.status === 200) return { kind: 'told' };
    const reason = String(sent.data).slice(0, MAX_REASON);
    if (sent.status >= 500 || sent.status < 400) return unsure(sent.status, reason);
    return { kind: 'refused', error: `Slack answered ${sent.status}: ${reason}` };
  }

  private async send(post: () => Promise<AxiosResponse<string>>): Promise<AxiosResponse<string> | Delivery> {
    try {
      const answer = await post();
      return answer.status === 429 ? this.wait(answer) : answer;
    } catch (error) {
      // Never the error itself: it holds the request, with the token in it.
      const code = String((error as { code?: unknown }).code ?? 'unknown');
      return UNREACHED.has(code)
        ? { kind: 'unreached', error: `Slack cannot be reached: ${code}.` }
        : { kind: 'unknown', error: `Slack gave no answer: ${code}.` };
    }
  }

  private wait({ headers }: AxiosResponse): Delivery {
    const asked = retryAfterMs(headers as Record<string, unknown>, this.clock.now()) ?? DEFAULT_WAIT_MS;
    return {
      kind: 'wait',
      retryAfterMs: Math.max(MIN_WAIT_MS, asked),
      error: 'Slack asks to wait.',
    };
  }

  private async post(url: string, body: object, headers: Record<string, string> = {}): Promise<AxiosResponse<string>> {
    const http: AxiosInstance = await this.http();
    return http.post<string>(url, body, {
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
      timeout: TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  }
}

const unsure = (status: number, reason: string): Delivery => ({
  kind: 'unknown',
  error: `Slack answered ${status}${reason ? `: ${reason}` : '.'}`,
});

const channelIn = (reference: string): string => reference.slice(0, reference.indexOf('/'));
const tsIn = (reference: string): string => reference.slice(reference.indexOf('/') + 1);

function answerIn(text: unknown): Record<string, unknown> | undefined {
  try {
    const answer: unknown = JSON.parse(String(text));
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
