import { createHmac } from 'node:crypto';
import type { VoterPseudonyms } from '../../ports/votes.ts';

/** HMAC-SHA-256 under a secret key. The poll is part of the message, so that nobody can follow a voter across polls. */
export class HmacVoterPseudonyms implements VoterPseudonyms {
  constructor(private readonly key: string) {}

  of(pollId: string, voter: string): string {
    return this.hmac(`${pollId}\n${voter}`);
  }

  /** No poll has an empty id, so that this is the pseudonym of no voter. */
  sender(number: string): string {
    return this.hmac(`\nsender\n${number}`);
  }

  private hmac(message: string): string {
    return createHmac('sha256', this.key).update(message).digest('base64url');
  }
}
