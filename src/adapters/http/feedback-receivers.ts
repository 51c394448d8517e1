import { type DomainError, invalidRequest } from '../../domain/shared/domain-error.ts';
import { noSlack } from '../../domain/votes/errors.ts';
import type { Feedback } from '../../domain/votes/feedback.ts';
import type { Notify, Poll } from '../../domain/votes/poll.ts';
import type { Delivery, FeedbackReceiver } from '../../ports/votes.ts';
import type { SlackReceiver } from './slack-receiver.ts';
import type { UrlReceiver } from './url-receiver.ts';

/** Stricter than the standard, by which `http:/example.org` and spaces are fine. */
const isHttpUrl = (text: string): boolean => /^https?:\/\/[^\s\\/?#][^\s\\]*$/i.test(text) && URL.canParse(text);

/** Slack, where it is set up, and services by their addresses. */
export class FeedbackReceivers implements FeedbackReceiver {
  constructor(
    private readonly urls: UrlReceiver,
    private readonly slack: SlackReceiver | undefined,
  ) {}

  refusal({ url, slack }: Notify): DomainError | undefined {
    if (slack) return this.slack ? undefined : noSlack();
    const path = 'notify.url';
    if (url === undefined || !isHttpUrl(url))
      return invalidRequest({ path, message: 'must be an address that begins with http:// or https://' });
    if (!this.urls.refuses(url)) return undefined;
    return invalidRequest({ path, message: 'names a host that the setting RUNNER_HOSTS does not let be called' });
  }

  async tell(to: Notify, poll: Poll, feedback: readonly Feedback[]): Promise<Delivery> {
    if (to.slack) return this.slack ? this.slack.tell(poll, feedback) : { kind: 'refused', error: noSlack().message };
    const [first] = feedback;
    if (to.url === undefined || !first) return { kind: 'refused', error: 'The poll names no receiver.' };
    return this.urls.tell(to.url, poll, first);
  }
}
