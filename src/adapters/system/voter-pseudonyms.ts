import { createHmac } from 'node:crypto';
import type { VoterPseudonyms } from '../../ports/votes.ts';

/** HMAC-SHA-256 under a secret key. The poll is part of the message, so that nobody can follow a voter across polls. */
export class HmacVoterPseudonyms implements VoterPseudonyms {
  constructor(private readonly key: string) {}

  of(pollId: string, voter: string): string {
    return createHmac('sha256', this.key).update(`${pollId}\n${voter}`).digest('base64url');
  }
}
