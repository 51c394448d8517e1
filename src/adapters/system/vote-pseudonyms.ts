import { createHmac } from 'node:crypto';
import type { Channel } from '../../domain/votes/poll.ts';
import type { VotePseudonyms } from '../../ports/votes.ts';

/**
 * HMAC-SHA-256 under a secret key. Kind, poll and channel are part of what is hashed: a voter cannot be followed
 * across polls, and no web voter can pass for the owner of a phone.
 */
export class HmacVotePseudonyms implements VotePseudonyms {
  readonly keyFingerprint: string;

  constructor(private readonly key: string) {
    this.keyFingerprint = this.of('fingerprint');
  }

  ballot(pollId: string, channel: Channel, voteId: string): string {
    return this.of('ballot', pollId, channel, voteId);
  }

  voter(pollId: string, channel: Channel, voter: string): string {
    return this.of('voter', pollId, channel, voter);
  }

  message(smsNumber: string, messageId: string): string {
    return this.of('message', smsNumber, messageId);
  }

  sender(number: string): string {
    return this.of('sender', number);
  }

  /** As JSON, so that no two lists of parts read the same. */
  private of(...parts: readonly string[]): string {
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest('base64url');
  }
}
