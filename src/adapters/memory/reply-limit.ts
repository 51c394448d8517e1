import { MAX_REPLIES, REPLY_PAUSE_MS } from '../../domain/votes/answer-sms.ts';
import type { ReplyLimit } from '../../ports/votes.ts';
import { type Maps, memoryMaps } from './maps.ts';

interface Answered {
  readonly messageIds: readonly string[];
  /** Epoch ms. */
  readonly until: number;
}

/** More senders than that in an hour are no voters: those who come then get no reply, so that memory is bounded. */
const MAX_SENDERS = 100_000;

export class MemoryReplyLimit implements ReplyLimit {
  /** Those who were answered last stand last. */
  private readonly senders: Map<string, Answered>;

  constructor(
    private readonly maxSenders = MAX_SENDERS,
    maps: Maps = memoryMaps,
  ) {
    this.senders = maps.map('reply-limit');
  }

  async allow(sender: string, messageId: string, now: number): Promise<boolean> {
    this.forget(now);
    const latest = this.senders.get(sender);
    const known = latest && latest.until > now ? latest : undefined;
    if (!latest && this.senders.size >= this.maxSenders) return false;
    const messageIds = known?.messageIds ?? [];
    const isCounted = messageIds.includes(messageId);
    if (!isCounted && messageIds.length >= MAX_REPLIES) return false;
    this.senders.delete(sender);
    this.senders.set(sender, {
      messageIds: isCounted ? messageIds : [...messageIds, messageId],
      until: now + REPLY_PAUSE_MS,
    });
    return true;
  }

  private forget(now: number): void {
    for (const [sender, { until }] of this.senders) {
      if (until > now) return;
      this.senders.delete(sender);
    }
  }
}
