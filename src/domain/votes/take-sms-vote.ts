import type { Clock } from '../../ports/system.ts';
import type { PollStore, VoteLedger, VotePseudonyms } from '../../ports/votes.ts';
import type { CastVote, VoteRefusal } from './cast-vote.ts';
import { type Poll, pollForText, pollStatus, RESERVED_WORDS } from './poll.ts';
import { matchWord, normaliseWord } from './words.ts';

/** A text message. `to` and `from` are numbers without a channel's prefix: E.164 or short codes. */
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
  | { readonly kind: 'channel-closed' }
  | { readonly kind: 'poll-closed'; readonly poll: Poll }
  | { readonly kind: 'poll-not-open'; readonly poll: Poll };

export class TakeSmsVote {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly pseudonyms: VotePseudonyms,
    private readonly castVote: CastVote,
    private readonly clock: Clock,
    private readonly defaultPollId: string | undefined,
  ) {}

  /**
   * Counts a text message as a vote in the poll of the number that it was sent to: the open one, else the next to open,
   * else the last closed; for a number that no poll ever named, in the default poll, if there is one. A message that is
   * delivered again has the outcome that it had the first time, whatever poll is open by then.
   *
   * @throws DomainError `VOTES_VOTER_KEY_CHANGED`, `STORE_UNAVAILABLE`
   */
  async execute(message: SmsMessage): Promise<SmsOutcome> {
    if (RESERVED_WORDS.includes(normaliseWord(message.text))) return { kind: 'reserved-word' };
    const [number, inDefault] = await Promise.all([
      this.polls.findNumber(message.to),
      this.isIn(this.defaultPollId, message),
    ]);
    const [polls, inFirst] = await Promise.all([
      this.polls.getMany(number?.pollIds ?? (this.defaultPollId === undefined ? [] : [this.defaultPollId])),
      this.isIn(number?.firstPollId, message),
    ]);
    const poll = pollForText(polls, this.clock.now());
    // The network knows the bare word alone. Who texts "Stop!" wants no list of choices either, unless it is one of them.
    if (
      matchWord(RESERVED_WORDS, message.text) !== undefined &&
      matchWord(poll?.choices ?? [], message.text) === undefined
    )
      return { kind: 'reserved-word' };
    if (!poll) return { kind: 'no-poll' };
    // Texts to the first poll of a number, while it is the only one, and to the default poll leave no record that later
    // polls could meet.
    const earlier = inFirst ? number?.firstPollId : inDefault ? this.defaultPollId : undefined;
    if (earlier !== undefined && earlier !== poll.pollId) return this.countedIn(earlier, message);
    const isAlone = number === undefined || (number.firstPollId === poll.pollId && number.pollIds.length === 1);
    const record = this.pseudonyms.message(message.to, message.messageId);
    const outcome = await this.castVote.cast(poll, {
      choice: message.text,
      voter: message.from,
      voteId: identityOf(message),
      channel: 'sms',
      message: isAlone ? undefined : record,
    });
    if (outcome.kind === 'counted') return { kind: 'counted', choice: outcome.vote.choice };
    const refusal = this.refusal(poll, outcome.kind);
    const countedIn = number === undefined ? undefined : await this.ledger.findMessage(record);
    return countedIn === undefined ? refusal : this.countedIn(countedIn, message);
  }

  private async isIn(pollId: string | undefined, message: SmsMessage): Promise<boolean> {
    if (pollId === undefined) return false;
    return (await this.ledger.find(pollId, this.pseudonyms.ballot(pollId, 'sms', identityOf(message)))) !== undefined;
  }

  private async countedIn(pollId: string, message: SmsMessage): Promise<SmsOutcome> {
    return { kind: 'counted', choice: (await this.castVote.countedIn(pollId, 'sms', identityOf(message))).choice };
  }

  private refusal(poll: Poll, kind: VoteRefusal): SmsOutcome {
    switch (kind) {
      case 'channel-closed':
        return { kind };
      case 'unknown-choice':
        // A voter who mistypes after the end wants to know of the end.
        return { kind: pollStatus(poll, this.clock.now()) === 'closed' ? 'poll-closed' : 'unknown-word', poll };
      case 'vote-id-reused':
        return { kind: 'already-voted', poll };
      default:
        return { kind, poll };
    }
  }
}

/** A message counts once for its number: texts to other numbers reach the default poll too. */
const identityOf = ({ to, messageId }: SmsMessage): string => `${to} ${messageId}`;
