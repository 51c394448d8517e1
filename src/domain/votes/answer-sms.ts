import type { Clock } from '../../ports/system.ts';
import type { ReplyLimit, VotePseudonyms } from '../../ports/votes.ts';
import { DomainError } from '../shared/domain-error.ts';
import type { SmsMessage, SmsOutcome, TakeSmsVote } from './take-sms-vote.ts';

/** So many messages of one sender are answered in any hour with something else than that a vote is counted. */
export const MAX_REPLIES = 5;
/** Without a reply for so long, a sender may get as many again, ms. */
export const REPLY_PAUSE_MS = 3_600_000;

/** Takes votes by text message, and keeps two machines from answering each other for ever. */
export class AnswerSms {
  /** @param onUncounted is told why replies could not be counted */
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
   * @param quotesReply whether the text quotes a reply of ours, as phones do when somebody likes it; no vote, no answer
   * @returns what to tell the sender, undefined for nothing
   * @throws DomainError `STORE_UNAVAILABLE`: it is not known whether the vote counts; `VOTES_VOTER_KEY_CHANGED`
   */
  async execute(message: SmsMessage, quotesReply: boolean): Promise<SmsOutcome | undefined> {
    const outcome = await this.takeSmsVote.execute(message);
    if (outcome.kind === 'counted') return outcome;
    if (outcome.kind === 'reserved-word' || quotesReply) return undefined;
    return (await this.mayAnswer(message)) ? outcome : undefined;
  }

  /** A store that cannot count replies silences them: no vote is lost by that, and a loop would cost without end. */
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
