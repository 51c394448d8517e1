import type { Clock, Ids } from '../../ports/system.ts';
import type { FeedbackReceiver, PollStore, VotePseudonyms, VoterKeys } from '../../ports/votes.ts';
import { createPollFrom, type Poll, type PollDraft } from './poll.ts';

/** What a caller says of a new poll. Without `pollId` one is made. */
export type CreatePollCommand = Omit<PollDraft, 'shards'> & { readonly pollId?: string | undefined };

export class CreatePoll {
  constructor(
    private readonly polls: PollStore,
    private readonly voterKeys: VoterKeys,
    private readonly pseudonyms: VotePseudonyms,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly shards: number,
    private readonly receiver: Pick<FeedbackReceiver, 'refusal'>,
  ) {}

  /**
   * Creates a poll. It takes votes under the key whose fingerprint is stored, whichever process creates it.
   *
   * @throws DomainError `INVALID_REQUEST`, `VOTES_POLL_EXISTS`, `VOTES_NUMBER_TAKEN`, `VOTES_NO_SLACK`, `STORE_UNAVAILABLE`
   */
  async execute({ pollId = this.ids.next(), ...draft }: CreatePollCommand): Promise<Poll> {
    const made = createPollFrom({ ...draft, shards: this.shards }, pollId, this.clock.now());
    const refusal = made.notify && this.receiver.refusal(made.notify);
    if (refusal) throw refusal;
    const emptyUpTo = this.clock.earliest();
    const poll = { ...made, emptyUpTo, voterKey: await this.voterKeys.putFirst(this.pseudonyms.keyFingerprint) };
    await this.polls.create(poll);
    return poll;
  }
}
