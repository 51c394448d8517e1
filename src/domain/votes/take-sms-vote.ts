import type { Clock } from '../../ports/system.ts';
import type { PollStore } from '../../ports/votes.ts';
import { DomainError } from '../shared/domain-error.ts';
import type { CastVote } from './cast-vote.ts';
import { type Poll, pollStatus, RESERVED_WORDS } from './poll.ts';
import { matchWord } from './words.ts';

/** A text message. `to` and `from` are phone numbers, E.164. */
export interface SmsMessage {
  readonly messageId: string;
  readonly to: string;
  readonly from: string;
  readonly text: string;
}

/** What became of a text message; each kind has its reply. */
export type SmsOutcome =
  /** A word that the phone network answers itself. */
  | { readonly kind: 'reserved-word' }
  | { readonly kind: 'no-poll' }
  | { readonly kind: 'counted'; readonly choice: string }
  | { readonly kind: 'already-voted'; readonly poll: Poll }
  | { readonly kind: 'unknown-word'; readonly poll: Poll }
  | { readonly kind: 'poll-closed'; readonly poll: Poll }
  | { readonly kind: 'poll-not-open'; readonly poll: Poll };

export class TakeSmsVote {
  constructor(
    private readonly polls: PollStore,
    private readonly castVote: CastVote,
    private readonly clock: Clock,
    private readonly defaultPollId: string | undefined,
  ) {}

  /**
   * Counts a text message as a vote in the newest poll of the number that it was sent to, or in the default poll, if
   * there is one, when no poll names that number. A message delivered again has the outcome that it had the first time.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async execute(message: SmsMessage): Promise<SmsOutcome> {
    if (matchWord(RESERVED_WORDS, message.text) !== undefined) return { kind: 'reserved-word' };
    const poll = (await this.polls.newestByNumber(message.to)) ?? (await this.defaultPoll());
    if (!poll) return { kind: 'no-poll' };
    try {
      const vote = { choice: message.text, voter: message.from, voteId: message.messageId };
      return { kind: 'counted', choice: (await this.castVote.in(poll, vote)).choice };
    } catch (error) {
      const outcome = error instanceof DomainError ? this.refusal(poll, error) : undefined;
      if (!outcome) throw error;
      return outcome;
    }
  }

  private async defaultPoll(): Promise<Poll | undefined> {
    return this.defaultPollId === undefined ? undefined : this.polls.get(this.defaultPollId);
  }

  private refusal(poll: Poll, error: DomainError): SmsOutcome | undefined {
    switch (error.code) {
      case 'VOTES_UNKNOWN_CHOICE':
        // A voter who mistypes after the end wants to know of the end.
        return pollStatus(poll, this.clock.now()) === 'closed'
          ? { kind: 'poll-closed', poll }
          : { kind: 'unknown-word', poll };
      case 'VOTES_POLL_CLOSED':
        return { kind: 'poll-closed', poll };
      case 'VOTES_POLL_NOT_OPEN':
        return { kind: 'poll-not-open', poll };
      case 'VOTES_ALREADY_VOTED':
      case 'IDEMPOTENCY_KEY_REUSED':
        return { kind: 'already-voted', poll };
      default:
        return undefined;
    }
  }
}
