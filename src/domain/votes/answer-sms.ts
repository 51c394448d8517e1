import type { Clock } from '../../ports/system.ts';
import type { ReplyLimit, VotePseudonyms } from '../../ports/votes.ts';
import { DomainError } from '../shared/domain-error.ts';
import type { SmsMessage, SmsOutcome, TakeSmsVote } from './take-sms-vote.ts';

/** The most replies to one sender in any hour, beside those to counted votes. */
export const MAX_REPLIES = 5;
/** After this time without a reply, the limit of a sender starts over, ms. */
export const REPLY_PAUSE_MS = 3_600_000;

/** Takes votes by text message, and keeps two machines from answering each other for ever. */
export class AnswerSms {
  /** @param onUncounted called with the reason why a reply could not be counted */
  constructor(
    private readonly takeSmsVote: TakeSmsVote,
    private readonly replyLimit: ReplyLimit,
    private readonly pseudonyms: VotePseudonyms,
    private readonly clock: Clock,
    private readonly onUncounted: (error: DomainError) => void,
  ) {}

  /**
   * Takes a text message as a vote. A vote that counts is always answered; of other messages of one sender as many as
   * {@link MAX_REPLIES} in any hour, whatever their polls. One that is delivered again is answered again.
   *
   * @param quotesReply whether the text quotes a reply of ours, as phones do for a reaction; then it is no vote and gets no answer
   * @returns what to tell the sender, undefined for nothing
   * @throws DomainError `STORE_UNAVAILABLE`: it is not known whether the vote counts; `VOTES_VOTER_KEY_CHANGED`
   */
  async execute(message: SmsMessage, quotesReply: boolean): Promise<SmsOutcome | undefined> {
    const outcome = await this.takeSmsVote.execute(message);
    if (outcome.kind === 'counted') return outcome;
    if (outcome.kind === 'reserved-word' || quotesReply) return undefined;
    return (await this.mayAnswer(message)) ? outcome : undefined;
  }

  /** Without a count there is no reply: that loses no vote, whereas a loop between two machines would cost without end. */
  private async mayAnswer({ from, messageId }: SmsMessage): Promise<boolean> {
    try {
      return await this.replyLimit.allow(this.pseudonyms.sender(from), messageId, this.clock.now());
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'STORE_UNAVAILABLE') throw error;
      this.onUncounted(error);
      return false;
    }
  }
}
