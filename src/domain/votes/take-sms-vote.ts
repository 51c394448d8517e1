import type { Clock } from '../../ports/system.ts';
import type { PollStore } from '../../ports/votes.ts';
import { DomainError } from '../shared/domain-error.ts';
import type { CastVote } from './cast-vote.ts';
import { type Poll, pollStatus, RESERVED_WORDS } from './poll.ts';
import { matchWord, normaliseWord } from './words.ts';

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
  | { readonly kind: 'already-voted' }
  | { readonly kind: 'unknown-word'; readonly choices: readonly string[] }
  | { readonly kind: 'poll-closed' }
  | { readonly kind: 'poll-not-open' };

export class TakeSmsVote {
  constructor(
    private readonly polls: PollStore,
    private readonly castVote: CastVote,
    private readonly clock: Clock,
    private readonly defaultPollId: string,
  ) {}

  /**
   * Counts a text message as a vote in the newest poll of the number that it was sent to, or in the default poll
   * when no poll names that number. A message delivered again has the outcome that it had the first time.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async execute(message: SmsMessage): Promise<SmsOutcome> {
    if (RESERVED_WORDS.includes(normaliseWord(message.text))) return { kind: 'reserved-word' };
    const poll = (await this.polls.newestByNumber(message.to)) ?? (await this.polls.get(this.defaultPollId));
    // The network knows the bare word alone. Who texts "Stop!" wants no list of choices either, unless it is one of them.
    if (
      matchWord(RESERVED_WORDS, message.text) !== undefined &&
      matchWord(poll?.choices ?? [], message.text) === undefined
    )
      return { kind: 'reserved-word' };
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

  private refusal(poll: Poll, error: DomainError): SmsOutcome | undefined {
    switch (error.code) {
      case 'VOTES_UNKNOWN_CHOICE':
        // A voter who mistypes after the end wants to know of the end.
        return pollStatus(poll, this.clock.now()) === 'closed'
          ? { kind: 'poll-closed' }
          : { kind: 'unknown-word', choices: poll.choices };
      case 'VOTES_POLL_CLOSED':
        return { kind: 'poll-closed' };
      case 'VOTES_POLL_NOT_OPEN':
        return { kind: 'poll-not-open' };
      case 'VOTES_ALREADY_VOTED':
      case 'IDEMPOTENCY_KEY_REUSED':
        return { kind: 'already-voted' };
      default:
        return undefined;
    }
  }
}
